"""What can be said of a run's forks."""

from __future__ import annotations

from tempotron.dashboard.state.plan import Plan, conditions


def lineage(plan: Plan) -> str:
    """Tell what the last fork changed, or what a fork is."""
    if not plan.before:
        return (
            "A fork takes the run up at the step that is shown: then change a rule, a number or a "
            "label. The run as it is now is pinned, and both stay in the picture."
        )
    until = plan.before[-1].until
    old, now = conditions(plan, until), conditions(plan, until + 1)
    changed = [
        f"{name} was {old[name]} and is {now[name]}" for name in now if old[name] != now[name]
    ]
    told = "; ".join(changed) or "nothing has been changed yet. Try another eta, mu, tau or theta"
    return f"Forked after presentation {until}: {told}."
