"""Requests: links to the Capacity page, and whatever else comes in their place."""

import re
import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tempotron.capacity.__main__ import build_parser, chosen_cells
from tempotron.capacity.labs import LABS
from tempotron.dashboard.state.sweep import (
    AXES,
    BOUNDS,
    OWN,
    Request,
    command,
    decode,
    encode,
    lab_of,
    repair,
)

requests = st.builds(
    Request,
    lab=st.just(OWN),
    axis=st.just("tau"),
    values=st.lists(st.integers(1, 900), min_size=1, max_size=5, unique=True).map(
        lambda values: tuple(sorted(map(float, values)))
    ),
    seeds=st.integers(1, 50),
    afferents=st.integers(4, 20),
    load=st.floats(0.5, 3),
    mu=st.none() | st.floats(0, 0.9),
    rule=st.sampled_from(["paper", "reflect"]),
    epochs=st.integers(1, 1000),
)


TEXTS = st.text("0123456789.-_+eaniflx ", max_size=9)


def parameters(request: Request) -> dict[str, str]:
    return dict(part.split("=") for part in encode(request).split("&") if part)


@settings(deadline=None)
@given(requests)
def test_a_link_brings_back_the_request(request: Request) -> None:
    assert decode(parameters(request)) == (request, [])


@settings(deadline=None)
@given(requests)
def test_the_command_runs_the_cells_of_the_page(request: Request) -> None:
    words = shlex.split(command(request))
    assert words[:3] == ["python", "-m", "tempotron.capacity"]
    options = vars(build_parser().parse_args(words[3:]))
    assert set(chosen_cells(None, options)) == set(lab_of(request).cells())


@pytest.mark.parametrize("name", LABS)
def test_a_lab_is_named_by_its_link_and_needs_no_other_field(name: str) -> None:
    request = Request(lab=name, afferents=7)
    assert parameters(request) == ({} if name == "L2" else {"lab": name.replace(" ", "+")})
    assert lab_of(request) is LABS[name]


@pytest.mark.parametrize("axis", AXES)
def test_every_axis_can_be_swept(axis: str) -> None:
    low, high = BOUNDS[axis]
    request, notes = repair({"lab": OWN, "axis": axis, "values": [low, high], "afferents": 400})
    assert notes == []
    assert request.values == (low, high)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*Request.model_fields, "x"]), TEXTS | st.floats()))
def test_whatever_comes_becomes_a_request_with_a_note_for_every_change(
    raw: dict[str, object],
) -> None:
    request, notes = repair(raw)
    assert repair(request.model_dump()) == (request, [])
    assert ("x" in raw) <= any("not known here" in note for note in notes)


@pytest.mark.parametrize(
    ("raw", "note"),
    [
        ({"values": "1 2 a"}, "values 1 2 a is not all numbers: now 2 of them"),
        ({"values": ""}, "values is empty: now those of the default"),
        ({"values": [1.0] * 21}, "values has 21 items, at most 20: now 20"),
        ({"values": "1 30"}, "load 30 is above 20: now 20"),
        ({"lab": "L5"}, "lab L5 is not known here: now L2"),
        ({"values": "1 2 1"}, "values has 3 items, some of them the same: now 2"),
        ({"axis": "afferents", "values": "10.5"}, "afferents 10.5 is not whole: now 10"),
        ({"seeds": "nan"}, "seeds nan is unreadable: now 8"),
    ],
    ids=str,
)
def test_what_was_changed_is_told(raw: dict[str, object], note: str) -> None:
    assert note in repair(raw)[1]


@pytest.mark.parametrize(
    ("link", "request_", "notes"),
    [
        (
            {"lab": "L2", "afferents": "77"},
            Request(),
            ["afferents 77 is left out: L2 sets its own"],
        ),
        ({"tau": "30"}, Request(), ["tau 30 is left out: L2 sets its own"]),
        (
            {"lab": "L5", "seeds": "3"},
            Request(),
            ["lab L5 is not known here: now L2", "seeds 3 is left out: L2 sets its own"],
        ),
        (
            {"lab": "own", "axis": "tau", "values": "5_10", "tau": "30"},
            Request(lab=OWN, axis="tau", values=(5, 10)),
            ["tau 30 is left out: it is what is swept, by values"],
        ),
        ({"lab": "L3", "version": "1", "utm_source": "mail"}, Request(lab="L3"), []),
    ],
    ids=str,
)
def test_a_parameter_without_a_say_is_left_out_and_told(
    link: dict[str, str], request_: Request, notes: list[str]
) -> None:
    assert decode(link) == (request_, notes)


@pytest.mark.parametrize("name", [name for name in Request.model_fields if name != "version"])
@settings(deadline=None, max_examples=20)
@given(text=TEXTS)
def test_every_parameter_of_a_link_is_taken_or_told(name: str, text: str) -> None:
    """It is found again in the request, or it comes with a note that names it."""
    for lab in ({}, {"lab": OWN}, {"lab": "L6"}):
        link = {**lab, name: text}
        request, notes = decode(link)
        again = decode(parameters(request))[0]
        assert again == request
        if notes:
            told = (f"{name} ", f"{request.axis if name == 'values' else name} ")
            assert any(note.startswith(told) or text in note for note in notes)
        elif name == "values":
            assert list(request.values) == sorted(map(float, re.split(r"[_\s]+", text.strip(" _"))))
        else:
            assert str(getattr(request, name)) == text or getattr(request, name) == float(text)
