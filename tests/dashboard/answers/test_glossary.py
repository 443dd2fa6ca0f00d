"""Every field is explained, with the number that is in force."""

import pytest

from tempotron.dashboard.answers import glossary
from tempotron.dashboard.answers.glossary import TERMS
from tempotron.dashboard.state.experiment import Experiment
from tempotron.dashboard.state.plan import BOUNDS, Plan
from tempotron.dashboard.state.sweep import BOUNDS as OF_SWEEPS
from tempotron.dashboard.state.sweep import Request
from tempotron.dashboard.ui.train.form import form
from tempotron.kernel import psp_half_width

NOT_FIELDS = {"step"}


def test_a_time_constant_is_explained_by_the_potential_it_makes() -> None:
    told = glossary.of_experiment(Experiment(tau=20, tau_s=5))
    assert "with 20 ms" in told["tau"]
    assert f"above half for {psp_half_width(20, 5):.1f} ms" in told["tau"]
    assert "now 5 ms" in told["tau_s"]


def test_a_learning_rate_is_explained_by_the_updates_that_it_takes() -> None:
    assert "at 0.1 it takes 10 updates" in glossary.of_plan(Plan(eta=0.1))["eta"]


def test_what_is_empty_is_explained_by_what_is_in_force() -> None:
    told = glossary.of_plan(Plan(mu=None, tau=30))
    assert "at 0.9 an update counts 10 times" in told["mu"]
    assert "now 7.5 ms" in told["tau_s"]
    assert "1: 0.5" in glossary.of_plan(Plan(rate=0.5))["rate"]
    assert "presentation: 0.5." in told["mean"]


def test_the_momentum_of_a_sweep_is_that_of_its_rule() -> None:
    assert "at 0.9 an update counts 10 times" in glossary.of_request(Request())["mu"]
    assert (
        "at 0.7 an update counts 3.33 times" in glossary.of_request(Request(rule="reflect"))["mu"]
    )


@pytest.mark.parametrize(
    ("told", "bounds"),
    [
        (glossary.of_plan(Plan()), BOUNDS),
        (glossary.of_request(Request()), OF_SWEEPS),
        (glossary.of_request(Request(eta=0.2, mu=0.5, tau_s=2)), OF_SWEEPS),
    ],
)
def test_every_number_of_a_page_is_explained(
    told: dict[str, str], bounds: dict[str, object]
) -> None:
    assert {*bounds} - NOT_FIELDS <= {*told}
    assert all("{" not in text and "None" not in text for text in told.values())


def test_every_field_of_train_comes_with_its_label_and_help() -> None:
    fields = [field for section in form(Plan())["sections"] for field in section["fields"]]
    assert all(field["label"] == TERMS[field["name"]].label for field in fields)
    assert all(len(field["help"]) > 20 for field in fields)
