"""The Train page below its heading: the player of a run, and what it has come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from tempotron.dashboard.answers import export, figures, sentences
from tempotron.dashboard.answers.counting import timing_or_rate
from tempotron.dashboard.answers.recorder import Recorder
from tempotron.dashboard.answers.standing import Standing, ended, stand, to_experiment, told
from tempotron.dashboard.answers.verdict import judge
from tempotron.dashboard.ui import readiness
from tempotron.dashboard.ui.shared.plot import plot
from tempotron.dashboard.ui.shared.transfer import download
from tempotron.dashboard.ui.train import gallery
from tempotron.dashboard.ui.train.forks import lineage
from tempotron.dashboard.ui.train.form import form
from tempotron.dashboard.ui.train.player import player
from tempotron.dashboard.ui.train.state import MOST_PINNED
from tempotron.dashboard.ui.visitor import Visitor, leave
from tempotron.training import Run

_SIGMAS = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)  # ms


@st.fragment
def bench(visitor: Visitor) -> None:
    """Play the run of the plan, and below it tell where it stands at the step it rests at."""
    leave(visitor)
    readiness.machine_code.wait()
    recorder = visitor.train.recorded()
    run = recorder.run
    step = min(visitor.train.plan.step, len(run))
    player(visitor, recorder, about(visitor, recorder))
    if "standing" not in visitor.brief.hide:
        with st.container(key="standing"):
            _standing(recorder, step)


def _standing(recorder: Recorder, step: int) -> None:
    """Tell where a run stands after some presentations; the player greys it while it plays."""
    run = recorder.run
    standing = stand(run, step)
    st.header(f"Where it stands as of step {step}", anchor=False)
    st.markdown(f"{told(run, step, standing)} {ended(run, judge(run))}")
    with st.container(horizontal=True):
        _accuracies("", standing)
        if run.task.unseen:
            _accuracies(", new trials", stand(run, step, unseen=True))
    several = run.task.kind[1] > 1
    st.dataframe(
        confusion(standing, run.task.classes) if several else margins(standing),
        hide_index=True,
        height="content" if several else "auto",
    )
    _leave(recorder, step)
    _timing_or_rate(run, step)


def about(visitor: Visitor, recorder: Recorder) -> dict[str, Any]:
    """Describe what the player shows around a run: fields, forks, and what cannot be done."""
    plan, step = visitor.train.plan, min(visitor.train.plan.step, len(recorder.run))
    plans = [other.plan for other in visitor.train.pinned.values()]
    verdict = judge(recorder.run)
    return form(plan) | {
        "gallery": gallery.url(),
        "lineage": lineage(plan),
        "forked": bool(plan.before),
        "pinnable": recorder.plan not in plans and len(plans) < MOST_PINNED,
        "barred": _barred(recorder, step),
        "verdict": verdict and {"sentence": verdict.sentence, "offer": verdict.offer},
    }


def _barred(recorder: Recorder, step: int) -> str:
    """Say why the pattern of a step cannot be opened in Explore; '' if it can."""
    try:
        to_experiment(recorder.run, step)
    except ValueError as error:
        return f"This pattern cannot be opened in Explore: {error}."
    return ""


def _timing_or_rate(run: Run, step: int) -> None:
    """Let one switch take the timing away and leave the counts."""
    st.header("Timing or rate?", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sigma = st.number_input("sigma (ms)", 0.5, 200.0, 5.0, 0.5, key="sigma", width=104)
        switched = st.toggle("Jitter every spike time by sigma, keep the counts", key="jittered")
    jitter = sigma if switched else 0.0
    contest = timing_or_rate(run, step, sorted({*_SIGMAS, jitter}) if switched else [jitter])
    here = contest.jitter.index(jitter)
    with st.container(horizontal=True):
        st.metric("Tempotron", f"{contest.tempotron[here]:.1%}", width="content")
        st.metric("Perceptron on counts", f"{contest.perceptron[here]:.1%}", width="content")
    sentence = sentences.timing_or_rate(contest, here, trained=step > 0)
    st.markdown(sentence)
    if switched:
        plot(figures.timing_or_rate(contest), sentence, "contest")


def margins(standing: Standing) -> pd.DataFrame:
    """List the patterns for one neuron, the worst decision first."""
    table = pd.DataFrame(
        {
            "Pattern": range(1, len(standing.right) + 1),
            "Ought to": ["fire" if fire else "be silent" for fire in standing.fire[:, 0].tolist()],
            "Decision": ["right" if right else "wrong" for right in standing.right.tolist()],
            "V_max": standing.v_max[:, 0].tolist(),
            "t_max (ms)": standing.t_max[:, 0].tolist(),
            "Margin": standing.margin[:, 0].tolist(),
        }
    )
    return table.sort_values("Margin").round(4)


def confusion(standing: Standing, classes: Sequence[str]) -> pd.DataFrame:
    """Count for each class which neuron fired alone, and how often none or several did."""
    columns = [*classes, "None fired", "Several fired"]
    table = pd.DataFrame(standing.confusion.tolist(), columns=columns)
    table.insert(0, "Class", classes)
    return table


def _accuracies(suffix: str, standing: Standing) -> None:
    st.metric(f"Fire or silent{suffix}", f"{standing.firing_accuracy:.1%}", width="content")
    if standing.fire.shape[1] > 1:
        st.metric(f"Highest V_max{suffix}", f"{standing.argmax_accuracy:.1%}", width="content")


def _leave(recorder: Recorder, step: int) -> None:
    """Offer the numbers as tables."""
    with st.container(horizontal=True):
        # Not the run itself: Streamlit keeps these functions, and with them what they hold.
        download("Weights (CSV)", lambda: export.weights(recorder.run, step), "weights.csv")
        download(
            "Presentations (CSV)", lambda: export.presentations(recorder.run), "presentations.csv"
        )
