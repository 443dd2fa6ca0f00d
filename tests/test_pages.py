"""Every page opens, with its heading, the whole menu, and torch's numbers on it."""

import base64
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tempotron import explain, figures
from tempotron.experiment import Experiment, decode, to_csv, to_json
from tempotron.export import script
from tempotron.presets import PRESETS
from tempotron.response import course, respond
from tempotron.ui.session import MENU, Lab

ROOT = Path(__file__).parents[1]
CPU_LIMIT = 0.25  # seconds a rerun; about 0.05 was measured


def opened(page: str = "Explore", **link: str) -> AppTest:
    """Open a page by a link, as the first thing in a new session."""
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    for name, value in link.items():
        at.query_params[name] = value
    if page != "Explore":
        at.switch_page(str(ROOT / MENU[page]))
    return at.run()


def lab_of(at: AppTest) -> Lab:
    lab: Lab = at.session_state["lab"]
    return lab


def sent(at: AppTest, component: str) -> list[dict[str, Any]]:
    """Read what the components of a name were sent."""
    protos = [element.proto for element in at.get("bidi_component")]
    return [json.loads(p.json) for p in protos if p.component_name == f"tempotron_{component}"]


def upload(at: AppTest, name: str, content: bytes) -> AppTest:
    return at.file_uploader[0].set_value((name, content, "text/plain")).run()


@pytest.mark.parametrize("page", MENU)
def test_a_page_opened_first_has_its_heading_the_menu_and_no_complaint(page: str) -> None:
    at = opened(page)
    assert [(title.tag, title.value) for title in at.title] == [("h1", page)]
    assert [link.proto.label for link in at.get("page_link")] == list(MENU)
    assert {header.tag for header in at.header} == {"h2"}
    assert not at.exception
    assert not at.warning


@pytest.mark.parametrize("page", MENU)
def test_a_bad_link_opens_the_nearest_state_with_one_sentence(page: str) -> None:
    at = opened(page, tau="5000", theta="x")
    assert [warning.value for warning in at.warning] == [
        "Not everything in this link could be used as it was: "
        "tau 5000 is above 1000, now 1000; theta x is unreadable, now 1."
    ]
    assert lab_of(at).experiment == Experiment(tau=1000)
    assert not at.exception


@pytest.mark.parametrize(
    "link",
    [
        {"z": "%%%"},
        {"version": "99"},
        {"spikes": "nan~inf_"},
        {"weights": "_" * 5000},
        {"x": "<b>"},
    ],
    ids=str,
)
def test_whatever_the_link_a_person_sees_a_page_and_a_sentence(link: dict[str, str]) -> None:
    at = opened(**link)
    assert not at.exception
    assert len(at.warning) == 1
    assert len(sent(at, "stage")) == 1


@pytest.mark.parametrize(
    "link",
    [
        {},
        {"exact": "0", "tau": "3", "weights": "1.02", "spikes": "30"},
        {"theta": "0.6", "shunt": "1", "scaled": "1"},
    ],
    ids=str,
)
def test_the_stage_is_sent_the_state_of_the_link_and_the_numbers_of_torch(
    link: dict[str, str],
) -> None:
    (data,) = sent(opened(**link), "stage")
    experiment = decode(link)[0]
    assert decode(dict(p.split("=") for p in data["link"].split("&") if p))[0] == experiment
    assert Experiment.model_validate(data["experiment"]) == experiment
    answer, response = data["answer"], respond(experiment)
    assert (answer["v_max"], answer["t_max"]) == (response.v_max, response.t_max)
    assert (answer["fires"], answer["crossing"]) == (response.fires, response.crossing)
    assert answer["advice"] == explain.advice(experiment)
    curve = np.frombuffer(base64.b64decode(answer["voltage"]), "float64")
    np.testing.assert_array_equal(curve, course(experiment, len(curve)).numpy())


def test_the_stage_is_sent_the_presets_and_the_limits_of_an_experiment() -> None:
    (data,) = sent(opened(), "stage")
    assert [preset["name"] for preset in data["presets"]] == [preset.name for preset in PRESETS]
    assert data["limits"] == {
        "T": [10, 2000],
        "theta": [0.05, 10],
        "tau": [0.1, 1000],
        "tau_s": [0.1, 1000],
        "weight": [-10, 10],
        "spikes": 50,
    }


def test_the_panels_show_the_figures_of_the_settled_state_with_sentences() -> None:
    at = opened(tau="20")
    lab = lab_of(at)
    assert lab.settled == Experiment(tau=20)
    lab.experiment = Experiment(tau=30)  # a hand is still moving
    panels = sent(at.run(), "plot")
    assert [panel["figure"] for panel in panels] == [
        draw(lab.settled).to_json()
        for draw in (figures.contributions, figures.kernel, figures.tau_and_theta)
    ]
    assert [panel["alt"] for panel in panels] == [
        tell(lab.settled) for tell in (explain.contributions, explain.kernel, explain.boundary)
    ]


def test_what_python_opens_reaches_the_stage_under_a_new_rev() -> None:
    at = opened()
    lab_of(at).open(Experiment(tau=20))
    (data,) = sent(at.run(), "stage")
    assert (data["rev"], data["experiment"]["tau"]) == (1, 20)
    assert lab_of(at).staged == 1


def test_a_refused_change_of_the_table_is_told_on_the_page() -> None:
    at = opened()
    lab_of(at).refuse("weight 99 is above 10.")
    assert [warning.value for warning in at.run().warning] == ["Not taken: weight 99 is above 10."]


def test_the_data_page_tells_the_decision_and_shows_the_script() -> None:
    at, experiment = opened("Data", tau="20"), Experiment(tau=20)
    assert explain.decision(experiment) in at.markdown[0].value
    assert [code.value for code in at.code] == [script(experiment).rstrip()]
    assert [button.label for button in at.download_button] == [
        "Experiment (JSON)",
        "Spikes (CSV)",
        "Script (Python)",
        "Notebook",
    ]


def test_an_uploaded_experiment_is_opened_everywhere() -> None:
    brought = Experiment(tau=33, theta=0.5)
    at = upload(opened("Data"), "mine.json", to_json(brought).encode())
    assert (lab_of(at).experiment, lab_of(at).rev) == (brought, 1)
    assert not at.warning
    (data,) = sent(at.switch_page(str(ROOT / "app.py")).run(), "stage")
    assert (data["rev"], data["experiment"]["tau"]) == (1, 33)


def test_an_uploaded_table_brings_weights_and_spikes_and_leaves_the_rest() -> None:
    table = to_csv(Experiment(weights=(1,), spikes=((5, 6),)))
    at = upload(opened("Data", tau="20"), "SPIKES.CSV", f"\ufeff{table}".encode())
    assert lab_of(at).experiment == Experiment(tau=20, weights=(1,), spikes=((5, 6),))
    assert not at.warning


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.json", b"{", "a.json was not opened: text is not JSON: "),
        ("b.json", b"\xff\xfe\x00", "b.json was not opened: it is not text in UTF-8."),
        ("c.csv", b"weight,time_ms\n1,2", "c.csv was not opened: text has no column afferent"),
        ("d.csv", b"", "d.csv was not opened: text has no column"),
        (
            "e.csv",
            b"afferent,weight,time_ms\n0,1,5",
            "e.csv was not opened: afferent in line 2 is 0",
        ),
    ],
)
def test_a_file_that_cannot_be_read_changes_nothing_and_says_why(
    name: str, content: bytes, why: str
) -> None:
    at = upload(opened("Data", tau="20"), name, content)
    assert not at.exception
    assert len(at.warning) == 1
    assert at.warning[0].value.startswith(why)
    assert (lab_of(at).experiment, lab_of(at).rev) == (Experiment(tau=20), 0)


def test_a_file_with_mistakes_is_opened_mended_with_a_sentence() -> None:
    at = upload(opened("Data"), "a.json", b'{"tau": 5000}')
    assert lab_of(at).experiment == Experiment(tau=1000)
    assert [warning.value for warning in at.warning] == [
        "Not everything in this file could be used as it was: tau 5000 is above 1000, now 1000."
    ]


def test_a_rerun_of_explore_costs_little_cpu() -> None:
    at = opened()
    spent = []
    for number in range(8):
        lab_of(at).open(Experiment(tau=20 + number))
        start = time.process_time()
        at.run()
        spent.append(time.process_time() - start)
    assert sorted(spent)[len(spent) // 2] < CPU_LIMIT
