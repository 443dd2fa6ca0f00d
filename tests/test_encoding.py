"""Codes against written-out times and plain loops."""

import math

import pytest
import torch

from tempotron.encoding import latency, receptive_fields


def test_the_larger_a_number_the_earlier_its_spike() -> None:
    times = latency(torch.tensor([[0.0, 2.5, 5.0, 10.0]]), 0, 10, 100)
    assert times.tolist() == [[-1, 75, 50, 0]]


def test_each_feature_may_have_its_own_range() -> None:
    times = latency(torch.tensor([[5.0, 5.0]]), torch.tensor([0.0, 4.0]), torch.tensor([10.0, 8.0]),
                    100)  # fmt: skip
    assert times.tolist() == [[50, 75]]


def test_numbers_beyond_their_range_fire_at_once_or_not_at_all() -> None:
    assert latency(torch.tensor([[-3.0, 30.0]]), 0, 10, 100).tolist() == [[-1, 0]]


def test_receptive_fields_are_those_of_the_reference() -> None:
    values = torch.tensor([[0.2, 30.0], [0.9, 11.0]], dtype=torch.float64)
    low, high, m = torch.tensor([0.0, 10.0]), torch.tensor([1.0, 50.0]), 6
    times = receptive_fields(values, m, low, high, 100).reshape(2, 2, m)
    for p, f, j in torch.cartesian_prod(*map(torch.arange, (2, 2, m))).tolist():
        width = (high[f] - low[f]).item()
        centre = low[f].item() + (2 * (j + 1) - 3) / 2 * width / (m - 2)
        sigma = width / (1.5 * (m - 2))
        response = math.exp(-((values[p, f].item() - centre) ** 2) / 2 / sigma**2)
        time = round(100 * (1 - response))
        assert times[p, f, j].item() == (time if time < 100 else -1)


def test_the_field_in_the_middle_of_which_a_number_lies_fires_at_0() -> None:
    times = receptive_fields(torch.tensor([[0.25]]), 4, 0, 1, 100)  # centres -.25 .25 .75 1.25
    assert times[0, 1] == 0
    assert times[0, 0] == times[0, 2] > 0  # as far to either side
    assert times[0, 3] == 99  # three sigmas away


def test_a_field_too_far_away_stays_silent() -> None:
    assert receptive_fields(torch.tensor([[0.0]]), 12, 0, 1, 100)[0, -1] == -1


V = torch.zeros(2, 3)


@pytest.mark.parametrize(
    ("message", "call"),
    [
        (r"values must be finite numbers \[P, F\], got \[3\]", lambda: latency(V[0], 0, 1, 9)),
        (r"values must be finite", lambda: latency(V * math.nan, 0, 1, 9)),
        (r"low must be a number or \[3\], got \[2\]", lambda: latency(V, V[:, 0], 1, 9)),
        (r"high must be above low, got a range of 0", lambda: latency(V, 1, 1, 9)),
        (r"high must be above low, got a range of nan", lambda: latency(V, 0, math.nan, 9)),
        (r"T must be positive and finite, got 0", lambda: latency(V, 0, 1, 0)),
        (r"fields must be an integer of at least 3, got 2",
         lambda: receptive_fields(V, 2, 0, 1, 9)),
        (r"fields must be an integer of at least 3, got 3.5",
         lambda: receptive_fields(V, 3.5, 0, 1, 9)),  # type: ignore[arg-type]
        (r"T must be positive and finite, got -1", lambda: receptive_fields(V, 4, 0, 1, -1)),
    ],
)  # fmt: skip
def test_impossible_input_is_refused_by_name(message: str, call: object) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match=f"^{message}"):
        call()
