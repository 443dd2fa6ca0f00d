"""Encoding: how numbers become the times of spikes."""

from __future__ import annotations

import torch
from torch import Tensor

from tempotron import checks
from tempotron.checks import positive_number


def latency(values: Tensor, low: Tensor | float, high: Tensor | float, T: float) -> Tensor:
    """Let each number fire once, the earlier the larger it is.

        t = T * (high - x) / (high - low)

    Args:
        values: Numbers x, one per feature [P, F].
        low: Smallest value, and smaller ones with it, fires no spike: a number or [F].
        high: Largest value, and larger ones with it, fires at 0: a number or [F].
        T: Length of a pattern in ms.

    Returns:
        Spike times in ms, float64 [P, F]; -1 for no spike.

    Raises:
        ValueError: If the values are not finite floats [P, F], a range is empty, or T is not
            positive and finite.
    """
    bottom, span = _range(values, low, high)
    times = positive_number(T, "T") * (1 - (values.double() - bottom) / span)
    return torch.where(times < T, times.clamp(min=0), -1)


def receptive_fields(
    values: Tensor, fields: int, low: Tensor | float, high: Tensor | float, T: float
) -> Tensor:
    """Let a population of Gaussian fields look at each number; the best fit fires first.

        g_j = exp(-(x - c_j)^2 / (2 sigma^2))          t_j = round(T * (1 - g_j))
        c_j = low + (2j - 3) / 2 * (high - low) / (fields - 2)          j = 1 ... fields
        sigma = (high - low) / (1.5 * (fields - 2))

    Args:
        values: Numbers x, one per feature [P, F].
        fields: Number of fields for each feature, at least 3.
        low: Lower end of the features' range: a number or [F].
        high: Upper end of the features' range: a number or [F].
        T: Length of a pattern in ms; a field that would fire at T stays silent.

    Returns:
        Spike times in ms, float64 [P, F * fields]; the fields of a feature stand together, and
        -1 is no spike.

    Raises:
        ValueError: If the values are not finite floats [P, F], there are fewer than 3 fields, a
            range is empty, or T is not positive and finite.

    Source:
        Bohte, Kok & La Poutre (2002), Neurocomputing 48, 17-37, with the constants of
        SpikingJelly's encoder.
    """
    checks.whole(fields, "fields", 3)
    bottom, span = _range(values, low, high)
    number = torch.arange(1, int(fields) + 1, dtype=torch.float64)
    spacing = (span / (fields - 2))[..., None]  # [F, 1] or [1]
    centres = bottom[..., None] + (2 * number - 3) / 2 * spacing
    distance = (values.double()[..., None] - centres) / (spacing / 1.5)  # [P, F, fields]
    times = (positive_number(T, "T") * (1 - torch.exp(-distance.square() / 2))).round()
    return torch.where(times < T, times, -1).flatten(1)


def _range(values: Tensor, low: Tensor | float, high: Tensor | float) -> tuple[Tensor, Tensor]:
    """Check numbers and their range; give its lower end and its width."""
    checks.real_tensor(values, "values", "[P, F]")
    if values.ndim != 2 or not values.isfinite().all():
        raise ValueError(f"values must be finite numbers [P, F], got {list(values.shape)}")
    bottom, top = (_end(end, name) for end, name in ((low, "low"), (high, "high")))
    for name, end in (("low", bottom), ("high", top)):
        if end.shape not in ((), values.shape[1:]):
            raise ValueError(
                f"{name} must be a number or [{values.shape[1]}], got {list(end.shape)}"
            )
    span = top - bottom
    narrow = span[~((span > 0) & span.isfinite())]
    if len(narrow):
        raise ValueError(f"high must be above low, got a range of {narrow[0].item()}")
    return bottom, span


def _end(value: Tensor | float, name: str) -> Tensor:
    """Take a number or a tensor of them; one that is not finite makes no range."""
    if not isinstance(value, Tensor):
        value = torch.tensor(checks.real(value, name), dtype=torch.float64)
    return checks.real_tensor(value, name).double()
