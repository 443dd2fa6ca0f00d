"""The Train page below its heading: the choice of a run, its player, and what it has come to."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from tempotron import explain, export, figures
from tempotron.counting import timing_or_rate
from tempotron.learning import COSTS, OPTIMISERS, RULES
from tempotron.plan import BOUNDS, size_of
from tempotron.recorder import Recorder, settings_of, task_of
from tempotron.standing import Standing, ended, stand, to_experiment, told
from tempotron.tasks import Task
from tempotron.training import Run
from tempotron.ui.fields import NARROW, Fields
from tempotron.ui.forks import compare
from tempotron.ui.gallery import gallery
from tempotron.ui.menu import FILES
from tempotron.ui.own import mine
from tempotron.ui.player import player
from tempotron.ui.plot import plot
from tempotron.ui.session import Lab, show_address
from tempotron.ui.transfer import download

_WORD = 140  # px, for a word of eight letters
_SIGMAS = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)  # ms


def choose(lab: Lab) -> None:
    """Let a person choose everything that decides how a run goes."""
    plan, task, settings = lab.plan, task_of(lab.plan), settings_of(lab.plan)
    size, several = size_of(plan.task, plan.own), task.kind[1] > 1
    reflects, fields = plan.rule == "reflect", Fields("plan", plan, BOUNDS, lab.choose)
    gallery(plan, lambda task: lab.choose(task=task))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        fields.number("patterns", "Patterns", 1, disabled=size.patterns is not None)
        fields.number("afferents", "Afferents", 1, disabled=size.afferents is not None)
        if plan.task == "own":
            fields.number("T", "Length (ms)", 10)
        fields.number("jitter", "Jitter (ms)", 0.5)
        fields.number("seed", "Seed", 1)
        swap = {"swap": not plan.swap}
        st.button("Swap the labels", on_click=lab.choose, kwargs=swap, disabled=several)
        new = {"seed": (plan.seed + 1) % int(BOUNDS["seed"][1] + 1)}
        st.button("New seed", on_click=lab.choose, kwargs=new)
        st.button("Reset", on_click=lab.reset)
    st.markdown(f"**{task.name}**, {_size(task)}. {task.sentence}")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        fields.select("rule", "Rule", RULES)
        fields.select("cost", "Cost", COSTS, disabled=reflects)
        fields.select("optimiser", "Optimiser", OPTIMISERS, width=_WORD, disabled=reflects)
        fields.number("eta", "eta", 0.01, disabled=reflects or plan.rate is not None)
        fields.number("rate", "lambda", 0.01, instead=f"{settings.rate_for(task):.4g}")
        fields.number("mu", "mu", 0.05, instead=f"{settings.momentum:.4g}")
        fields.number("tau", "tau (ms)", 1.0)
        fields.number("tau_s", "tau_s (ms)", 0.5, instead=f"{settings.synaptic:.4g}")
        fields.number("theta", "theta", 0.1)
        fields.number("mean", "Start: mean", 0.1)
        fields.number("spread", "Start: s.d.", 0.1)
        fields.number("epochs", "Epochs", 10)
    if plan.task == "own":
        mine(lab)
    if lab.plan_notice:
        st.warning(lab.plan_notice)


def bench(lab: Lab) -> None:
    """Play the run of the plan, and below it tell where it stands at the step it rests at."""
    _follow(lab, lab.recorded())


@st.fragment
def _follow(lab: Lab, recorder: Recorder) -> None:
    if lab.recorded() is not recorder:  # a fork changed the fields above, too
        st.rerun()
    run = recorder.run
    step = min(lab.plan.step, len(run))
    others = [pinned for pinned in lab.pinned if pinned is not recorder]
    player(recorder, lab.plan.step, lab.rest, others, lab.linkable)
    show_address(lab)
    compare(lab, recorder, step)
    standing = stand(run, step)
    st.header("Where it stands", anchor=False)
    st.markdown(f"{told(run, step, standing)} {ended(run)}")
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
    _leave(lab, recorder, step)
    _timing_or_rate(run, step)


def _timing_or_rate(run: Run, step: int) -> None:
    """Let one switch take the timing away and leave the counts."""
    st.header("Timing or rate?", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sigma = st.number_input("sigma (ms)", 0.5, 200.0, 5.0, 0.5, key="sigma", width=NARROW)
        switched = st.toggle("Jitter every spike time by sigma, keep the counts", key="jittered")
    jitter = sigma if switched else 0.0
    contest = timing_or_rate(run, step, sorted({*_SIGMAS, jitter}) if switched else [jitter])
    here = contest.jitter.index(jitter)
    with st.container(horizontal=True):
        st.metric("Tempotron", f"{contest.tempotron[here]:.1%}", width="content")
        st.metric("Perceptron on counts", f"{contest.perceptron[here]:.1%}", width="content")
    st.markdown(explain.timing_or_rate(contest, here))
    if switched:
        plot(figures.timing_or_rate(contest), explain.timing_or_rate(contest, here), "contest")


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


def _leave(lab: Lab, recorder: Recorder, step: int) -> None:
    """Offer the pattern of a step to Explore, or say why not, and the numbers as tables."""
    try:
        experiment = to_experiment(recorder.run, step)
    except ValueError as error:
        st.markdown(f"This pattern cannot be opened in Explore: {error}.")
        experiment = None
    with st.container(horizontal=True):
        if experiment and st.button("Open in Explore"):
            lab.open(experiment)
            st.switch_page(FILES["Explore"])
        # Not the run itself: Streamlit keeps these functions, and with them what they hold.
        download("Weights (CSV)", lambda: export.weights(recorder.run, step), "weights.csv")
        download(
            "Presentations (CSV)", lambda: export.presentations(recorder.run), "presentations.csv"
        )


def _size(task: Task) -> str:
    (afferents, neurons), patterns = task.kind, task.patterns
    layer = f" for {neurons} neurons" if neurons > 1 else ""
    load = f"{patterns / afferents:.3g} per afferent"
    return f"{patterns} patterns of {afferents} afferents{layer} ({load})"
