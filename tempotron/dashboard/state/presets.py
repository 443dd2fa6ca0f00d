"""Experiments worth opening: each shows one thing that people get wrong about spike timing."""

from __future__ import annotations

from dataclasses import dataclass

from tempotron.dashboard.state.experiment import Experiment


@dataclass(frozen=True)
class Preset:
    """An experiment with a name and the question it asks.

    Attributes:
        name: Short name, as on its button.
        ask: One sentence: what to try, and what to watch.
        experiment: The state it opens.
        finer: Whether it is about a finer point, and not one to start with.
    """

    name: str
    ask: str
    experiment: Experiment
    finer: bool = False


def _two(first: float, second: float, **changes: object) -> Experiment:
    """Two afferents with one spike each."""
    return Experiment.model_validate(
        {"weights": (0.6, 0.6), "spikes": ((first,), (second,))} | changes
    )


PRESETS = (
    Preset(
        "Near miss",
        "Seven percent short of the threshold. Which single spike would you move, and where to?",
        Experiment(),
    ),
    Preset(
        "Not a counter",
        "Two inputs of 0.6 do not simply add up. Bring them within 10.7 ms and the neuron fires.",
        _two(30.0, 44.0),
    ),
    Preset(
        "Order: small first",
        "0.5, then 0.9, 20 ms apart: it fires. Now swap the two spikes.",
        _two(20.0, 40.0, weights=(0.5, 0.9)),
    ),
    Preset(
        "Order: large first",
        "The same two inputs the other way round: silent, though no weight has changed.",
        _two(40.0, 20.0, weights=(0.5, 0.9)),
    ),
    Preset(
        "A long memory",
        "At tau = 60 ms two spikes 40 ms apart add up and it fires. At 15 ms it does not.",
        _two(20.0, 60.0, T=200, tau=60.0),
    ),
    Preset(
        "A peak with a kink",
        "The peak sits where inhibition arrives, and the slope there is not zero.",
        _two(10.397, 16.479, weights=(2.0, -1.0)),
        finer=True,
    ),
    Preset(
        "The jumping peak",
        "Two hills of nearly one height. Lower A1 and A2 by 0.02: the peak jumps by 100 ms.",
        Experiment(
            T=200,
            weights=(0.5, 0.5, 0.49, 0.49),
            spikes=((50.0,), (55.0,), (150.0,), (155.0,)),
        ),
        finer=True,
    ),
    Preset(
        "A sharp synapse",
        "At tau_s = 1 ms a potential peaks after 2.9 ms; at 7.5 ms (pinned) after 10.4 ms.",
        _two(30.0, 50.0, weights=(0.9, 0.8), tau_s=1.0, pinned=(15.0, 7.5)),
        finer=True,
    ),
    Preset(
        "Hidden by the grid",
        "A peak of 1.02 between two milliseconds: looked for on whole ones, it is missed.",
        Experiment(tau=3.0, exact=False, weights=(1.02,), spikes=((30.0,),)),
        finer=True,
    ),
    Preset(
        "A threshold without effect",
        "Scaled with theta, as the reference does it, the potential grows with its threshold.",
        Experiment(theta=0.5, scaled=True),
        finer=True,
    ),
    Preset(
        "The dead zone",
        "Only inhibition: V_max is 0 before the first spike, and no spike is to blame.",
        _two(20.0, 45.0, weights=(-0.5, -0.8)),
        finer=True,
    ),
)
