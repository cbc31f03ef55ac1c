"""Training the balance of two modes: the log odds of a model, and the chains that it is trained with.

One iteration refreshes each chain between the modes with probability gamma (`jump_rate`), then moves the model's log
odds theta by eta (`learning_rate`) times what the data have more of in + than the chains have. Chains that are never
refreshed do not hear of theta, and nothing balances.
"""

from __future__ import annotations

from functools import cache

import sympy as sp

from asymptotics.derivation import Claim, Derivation, Step
from asymptotics.symbols import balance_slope as g, chains, jump_rate as gamma, learning_rate as eta, p

SLOPE = (g, p * (1 - p))
"""The slope of the model's weight in its log odds, at balance."""
_odds, _share, _kick = sp.symbols("delta_theta delta_f xi", real=True)
_theta = sp.Symbol("theta", real=True)
_KICK = sp.Matrix([-eta, 1])
"""How the noise of one refreshing enters (theta, f)."""


def _refreshed(kept: sp.Expr) -> sp.Expr:
    """N times the variance of the share of chains in + after one refreshing, at balance: ``kept`` are as they were."""
    stay, come = kept + (1 - kept) * p, (1 - kept) * p
    return p * stay * (1 - stay) + (1 - p) * come * (1 - come)


def _slope() -> sp.Expr:
    """The derivative of the logistic function where its value is p."""
    weight = 1 / (1 + sp.exp(-_theta))
    return sp.simplify(sp.diff(weight, _theta).subs(_theta, sp.log(p / (1 - p))))


@cache
def iteration() -> Derivation:
    """The linearised iteration, as a matrix on (theta, f)."""
    matrix = sp.ImmutableMatrix([[1 - eta * gamma * g, -eta * (1 - gamma)], [gamma * g, 1 - gamma]])
    return Derivation((
        Step(
            "At balance a chain is in + with probability $p$, and this is the slope of the model's weight in its log "
            "odds",
            g, "$w=1/(1+e^{-\\theta})$ at $w=p$", "exact",
            lambda previous, current: [current - _slope()],
        ),
        Step(
            "Near balance one iteration is this matrix on $(\\delta\\theta,\\delta f)$", matrix,
            "$\\delta f'=(1-\\gamma)\\delta f+\\gamma g\\,\\delta\\theta+\\xi$ and "
            "$\\delta\\theta'=\\delta\\theta-\\eta\\,\\delta f'$", "exact", _is_iteration,
        ),
    ), (SLOPE,))


def _is_iteration(slope: sp.Expr, matrix: sp.ImmutableMatrix) -> list[sp.Expr]:
    """Refreshed chains follow the model's weight, which moves by the slope times its log odds; then these move."""
    moved = (1 - gamma) * _share + gamma * slope * _odds + _kick
    return [*(matrix * sp.Matrix([_odds, _share]) + _KICK * _kick - sp.Matrix([_odds - eta * moved, moved]))]


@cache
def critical_jump_rate() -> Derivation:
    """Where the eigenvalues turn complex: below, training oscillates about balance."""
    discriminant = gamma * (gamma * (1 + eta * g) ** 2 - 4 * eta * g)
    return iteration().then(
        Step(
            "The discriminant of its characteristic polynomial", discriminant,
            "trace$^2-4\\det$, with the determinant $1-\\gamma$", "exact",
            lambda previous, current: [previous.trace() ** 2 - 4 * previous.det() - current],
        ),
        Step(
            "It vanishes at this jump rate, and is negative below it", 4 * eta * g / (1 + eta * g) ** 2,
            "the root that is not 0; divided by $\\gamma$ it grows with the slope $(1+\\eta g)^2$", "exact",
            lambda previous, current: [
                previous.subs(gamma, current), sp.diff(previous / gamma, gamma) - (1 + eta * g) ** 2,
                Claim(current, "> 0"),
            ],
        ),
    )


@cache
def weight_std() -> Derivation:
    """By the discrete Lyapunov equation."""
    names = sp.symbols("v_theta v_cross v_share", real=True)
    spread = sp.Matrix([[names[0], names[1]], [names[1], names[2]]])
    step, noise = iteration().result, gamma * (2 - gamma) * g / chains
    balance = spread - step * spread * step.T - _KICK * _KICK.T * noise
    found = sp.solve([balance[0, 0], balance[0, 1], balance[1, 1]], names, dict=True)[0]
    small = eta * (2 - gamma) / (2 * gamma * chains)
    return iteration().then(
        Step(
            "$N$ chains, refreshed independently with probability $\\gamma$, are in + by shares of this variance",
            noise, "a chain in + is there afterwards with probability $1-\\gamma+\\gamma p$, one in $-$ with $\\gamma "
            "p$; what is kept of a deviation of the share is $1-\\gamma$", "exact",
            lambda previous, current: [current - _refreshed(previous[1, 1]) / chains],
        ),
        Step(
            "The stationary covariance of $(\\theta,f)$", sp.ImmutableMatrix(spread.subs(found).applyfunc(sp.factor)),
            "it solves $\\Sigma=M\\Sigma M^\\top+bb^\\top\\gamma(2-\\gamma)g/N$ with $b=(-\\eta,1)$", "exact",
            lambda previous, current: [*(current - step * current * step.T - _KICK * _KICK.T * previous)],
        ),
        Step(
            "The standard deviation of the model's weight of "
            "+", g * sp.sqrt(small / (1 - eta * gamma * g / (2 * (2 - gamma)))),
            "$g$ times that of $\\theta$", "exact",
            lambda previous, current: [
                current**2 - g**2 * previous[0, 0], Claim(current, "> 0"),
            ],
        ),
    )
