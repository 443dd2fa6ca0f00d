"""The stage: one component in which a person edits an experiment and sees what follows."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import streamlit as st

from tempotron.experiment import NAMES, Experiment
from tempotron.explain import advice
from tempotron.link import PACKED
from tempotron.presets import PRESETS
from tempotron.response import course, respond
from tempotron.ui.component import register
from tempotron.ui.session import Lab

POINTS = 801
_HERE = Path(__file__).parent
_component = register(_HERE, _HERE.parent / "address.js", room="800px")


@st.fragment
def stage(lab: Lab) -> None:
    """Show the stage, in a fragment of its own: an edit runs nothing else.

    Args:
        lab: The visitor's state, which edits change.
    """
    lab.staged = lab.rev
    data = {
        "rev": lab.rev,
        "edit": lab.edit,
        "experiment": lab.experiment.model_dump(mode="json"),
        "answer": answer(lab.experiment),
        "link": lab.link,
        "names": [*NAMES, PACKED],
        "limits": limits(),
        "presets": presets(),
    }
    _component(
        key="stage",
        data=data,
        on_edit_change=lambda: lab.take(st.session_state["stage"]["edit"]),
    )


def answer(experiment: Experiment) -> dict[str, Any]:
    """Give torch's numbers for what the stage shows of an experiment."""
    response = respond(experiment)
    samples = course(experiment, POINTS).numpy().tobytes()
    return {
        "v_max": response.v_max,
        "t_max": response.t_max,
        "fires": response.fires,
        "crossing": response.crossing,
        "voltage": base64.b64encode(samples).decode(),
        "advice": advice(experiment),
    }


def limits() -> dict[str, Any]:
    """Read off the schema of an experiment what its numbers may be."""
    fields = Experiment.model_json_schema()["properties"]
    bounds = {"T": fields["T"], "theta": fields["theta"], "tau": fields["tau"]}
    bounds |= {"tau_s": fields["tau_s"]["anyOf"][0], "weight": fields["weights"]["items"]}
    ranges = {name: [field["minimum"], field["maximum"]] for name, field in bounds.items()}
    return ranges | {"spikes": fields["spikes"]["items"]["maxItems"]}


@st.cache_data
def presets() -> list[dict[str, Any]]:
    """Give the presets as the stage's gallery draws them."""
    return [
        {"name": p.name, "ask": p.ask, "experiment": p.experiment.model_dump(mode="json")}
        for p in PRESETS
    ]
