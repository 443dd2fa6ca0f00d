"""Learning: what a decision costs, and how a wrong one moves the weights.

A rule looks at one pattern at a time. Only a wrong decision changes weights: a neuron that missed
a pattern is pulled towards firing, one that raised a false alarm is pushed away from it. Both act
on each afferent in proportion to its credit, the share sum_i K(t_max - t_i) that its spikes had in
the highest voltage.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from tempotron import checks
from tempotron.checks import one_of, positive_number
from tempotron.kernel import Kinetics, psp_power
from tempotron.peak import level

Rule = Literal["paper", "reflect"]
Cost = Literal["linear", "squared"]

Optimiser = Literal["momentum", "adam"]

RULES: tuple[Rule, ...] = get_args(Rule)
OPTIMISERS: tuple[Optimiser, ...] = get_args(Optimiser)
COSTS: tuple[Cost, ...] = get_args(Cost)

# The reason why a presentation left the weights as they were; indices are what a run records.
REASONS = (
    "",
    "the decision was right",
    "dead zone: V_max is 0, so no spike is to blame",
    "the step was too small to see",
)


def linear_cost(v_max: Tensor, fire: Tensor, theta: float = 1.0) -> Tensor:
    """Average over patterns the distance to threshold of all wrong decisions.

        E = sum over wrong neurons of |theta - V_max|

    Its gradient is the paper's update.

    Args:
        v_max: Maximal voltages [B, O].
        fire: Whether each neuron ought to fire, bool [B, O].
        theta: Firing threshold.

    Returns:
        The cost, a scalar, differentiable in ``v_max``.

    Raises:
        ValueError: If shapes or types do not match, or theta is not positive and finite.

    Source:
        Gutig & Sompolinsky (2006).
    """
    return (_missing(v_max, fire, theta) * _direction(fire).to(v_max)).sum(1).mean()


def squared_cost(v_max: Tensor, fire: Tensor, theta: float = 1.0) -> Tensor:
    """Average over patterns the squared distance to threshold of all wrong decisions.

        E = sum over wrong neurons of (theta - V_max)^2

    The reference's cost. Its gradient fades as the threshold comes near: plain descent on it
    creeps up to the threshold, ever more slowly, and at best touches it.

    Args:
        v_max: Maximal voltages [B, O].
        fire: Whether each neuron ought to fire, bool [B, O].
        theta: Firing threshold.

    Returns:
        The cost, a scalar, differentiable in ``v_max``.

    Raises:
        ValueError: If shapes or types do not match, or theta is not positive and finite.
    """
    return _missing(v_max, fire, theta).square().sum(1).mean()


def update(
    credit: Tensor,
    v_max: Tensor,
    fire: Tensor,
    rate: float,
    rule: Rule = "paper",
    cost: Cost = "linear",
    theta: float = 1.0,
) -> Tensor:
    """Compute the change of weights that a rule asks for, before momentum.

        paper, linear cost    dw_i = +-rate * credit_i
        paper, squared cost   dw_i = 2 * rate * (theta - V_max) * credit_i
        reflect               dw_i = rate * (theta - V_max) / max(sum_i credit_i^2, 1) * credit_i

    for a wrong decision: upward for a miss, downward for a false alarm. With the linear cost this
    is the paper's rule, with the squared one a step down the reference's gradient.

    Reflect is our own addition, not the paper's: Motzkin's and Agmon's relaxation for linear
    inequalities, applied to whichever peak is the highest at the moment. A rate of 1 carries
    the pattern's own peak just to the threshold; a rate of 2 over the whole of the momentum,
    rate / (1 - mu) = 2, reflects it there, and that is a sharp optimum: 1.7 or 2.3 no longer
    solve what 2 solves in 55 epochs (N = 500, P = 3 N). It needs several times fewer epochs than
    the paper's rule. Above capacity it fails, and with few afferents below it, too: weights grow,
    or neurons end in the dead zone. At P = 4 N it leaves 46 % of the patterns wrong with N = 50
    and 27 % with N = 500, the paper's rule 24 % and 21 %; at P = N it solves 5, 1, 12 and 20 of
    20 seeds with N = 10, 20, 50 and 100, the paper's rule 11, 17, 19 and 20 in 1,000 epochs. The
    1, a lone potential's peak, keeps a peak just after the first spikes, with hardly any credit,
    from throwing the weights far away.

    Args:
        credit: Credit of each afferent in the peak [B, O, N].
        v_max: Maximal voltages [B, O].
        fire: Whether each neuron ought to fire, bool [B, O].
        rate: The paper's lambda, or the share of the distance that reflect covers (its kappa).
        rule: 'paper' or 'reflect'.
        cost: 'linear' or 'squared'; reflect has no use for it.
        theta: Firing threshold.

    Returns:
        dw [B, O, N]; 0 where the decision was right, and in the dead zone, where there is no
        credit.

    Raises:
        ValueError: If shapes do not match, a name is not known, or the rate or theta is not
            positive and finite.

    Source:
        Gutig & Sompolinsky (2006); Motzkin & Schoenberg (1954) and Agmon (1954), Canadian
        Journal of Mathematics 6, 393-404 and 382-392, for the relaxation.
    """
    one_of(rule, RULES, "rule")
    one_of(cost, COSTS, "cost")
    missing = _missing(v_max, fire, theta)
    checks.finite(checks.real_tensor(credit, "credit"), "credit")
    if credit.shape[:-1] != v_max.shape:
        raise ValueError(f"credit must be {[*v_max.shape, 'N']}, got {list(credit.shape)}")
    step = positive_number(rate, "rate") * _direction(fire).to(v_max) * (missing != 0)
    if rule == "reflect":
        power = credit.square().sum(-1)  # summed over N
        step = rate * missing / power.clamp(min=1)
    elif cost == "squared":
        step = 2 * rate * missing
    return step[..., None] * credit


def learning_rate(eta: float, spikes: float, T: float, tau: float, tau_s: float) -> float:
    """Choose the paper's lambda by its effect on the pattern that is corrected.

        lambda = eta / (1 + spikes * kappa_K / T)

    A step of lambda raises the own peak by lambda * sum_i credit_i^2, and that sum is about 1
    for the spike at the peak plus kappa_K / T for each one at a random time.

    Args:
        eta: Expected change of the corrected pattern's own V_max per update, before momentum.
        spikes: Number of spikes in a pattern; N where every afferent fires once.
        T: Length of a pattern in ms.
        tau: Decay time constant of the membrane, in ms.
        tau_s: Decay time constant of the synaptic current, in ms.

    Returns:
        lambda.

    Raises:
        ValueError: If an argument is not positive and finite; ``spikes`` may be 0.
    """
    density = checks.not_negative(spikes, "spikes") / positive_number(T, "T")
    return positive_number(eta, "eta") / (1 + density * psp_power(tau, tau_s))


def paper_rate(afferents: int, T: float, tau: float, tau_s: float) -> float:
    """Return the learning rate of the paper, used there with a momentum of 0.99.

        lambda = 3e-3 * T / (tau * N * V0)

    Args:
        afferents: Number of afferents N.
        T: Length of a pattern in ms.
        tau: Decay time constant of the membrane, in ms.
        tau_s: Decay time constant of the synaptic current, in ms.

    Returns:
        lambda.

    Raises:
        ValueError: If an argument is not positive and finite, or the time constants are equal,
            where V0 does not exist.

    Source:
        Gutig & Sompolinsky (2006), methods.
    """
    kinetics = Kinetics.of(tau, tau_s)
    if kinetics.slow == kinetics.fast:
        raise ValueError(f"tau_s must differ from tau for the paper's rate, got {tau_s}")
    v0 = (kinetics.scale / kinetics.delta).item()
    count, end = positive_number(afferents, "afferents"), positive_number(T, "T")
    return 3e-3 * end / (float(tau) * count * v0)


def firing_accuracy(v_max: Tensor, fire: Tensor, theta: float = 1.0) -> float:
    """Return the share of patterns for which every neuron, exactly, does what it ought to.

    Args:
        v_max: Maximal voltages [P, O].
        fire: Whether each neuron ought to fire, bool [P, O].
        theta: Firing threshold.

    Returns:
        Share from 0 to 1.

    Raises:
        ValueError: If shapes or types do not match, there is no pattern, or theta is not
            positive and finite.
    """
    _check_decisions(v_max, fire)
    return ((v_max >= level(positive_number(theta, "theta"))) == fire).all(1).double().mean().item()


def argmax_accuracy(v_max: Tensor, fire: Tensor) -> float:
    """Return the share of patterns for which the neuron with the highest voltage is the right one.

    Args:
        v_max: Maximal voltages [P, O].
        fire: One-hot classes, bool [P, O].

    Returns:
        Share from 0 to 1.

    Raises:
        ValueError: If shapes or types do not match, there is no pattern, or a row of ``fire``
            is not one-hot.
    """
    _check_decisions(v_max, fire)
    several = fire.sum(1)[fire.sum(1) != 1]
    if len(several):
        raise ValueError(f"fire must be one-hot, got a row with {several[0].item()} neurons")
    return (v_max.argmax(1) == fire.int().argmax(1)).double().mean().item()


def _missing(v_max: Tensor, fire: Tensor, theta: float) -> Tensor:
    """Voltage missing to threshold [B, O], negative above it; 0 where the decision is right."""
    _check_decisions(v_max, fire)
    threshold = positive_number(theta, "theta")
    return (threshold - v_max) * ((v_max >= level(threshold)) != fire)


def _direction(fire: Tensor) -> Tensor:
    """Tell which way a wrong decision asks V_max to go: 1 for a miss, -1 for a false alarm."""
    return torch.where(fire, 1.0, -1.0)


def _check_decisions(v_max: Tensor, fire: Tensor) -> None:
    checks.real_tensor(v_max, "v_max", "[B, O]")
    checks.tensor(fire, "fire")
    if v_max.ndim != 2 or 0 in v_max.shape or not v_max.is_floating_point():
        raise ValueError(f"v_max must be floats [B, O], got {v_max.dtype} {list(v_max.shape)}")
    if fire.shape != v_max.shape or fire.dtype != torch.bool:
        raise ValueError(
            f"fire must be bool {list(v_max.shape)}, got {fire.dtype} {list(fire.shape)}"
        )
    checks.finite(v_max, "v_max")
