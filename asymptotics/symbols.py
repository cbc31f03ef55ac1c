"""The alphabet: each symbol of the theory once, with its meaning, its range and its letter in print.

Nobody else creates a Symbol for these. The Python name is the argument name everywhere (calls, command
line, data sets, JSON); the letter is what a theorist would write. A formula of one's own may need arguments that are
not here: `argument` makes them.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from asymptotics.arguments import ARGUMENTS as ARGUMENTS, Symbol, argument, letter


def _argument(name: str, letter: str, meaning: str, **range_: Any) -> Symbol:
    ARGUMENTS[name] = argument(name, letter, meaning, **range_)
    return ARGUMENTS[name].symbol


t = _argument("t", "t", "time of the interpolant", usual=(0.0, 1.0))
alpha = _argument(
    "alpha", r"\alpha", "weight of the base draw x0 in x_t = alpha x0 + beta x1",
    low=0, usual=(0.02, 1.0),
)
beta = _argument(
    "beta", r"\beta", "weight of the data x1 in x_t = alpha x0 + beta x1",
    low=0, usual=(0.02, 1.0),
)
dalpha = _argument("dalpha", r"\dot\alpha", "time derivative of alpha", usual=(-2.0, 2.0))
dbeta = _argument("dbeta", r"\dot\beta", "time derivative of beta", usual=(-2.0, 2.0))
n = _argument(
    "n", "n", "number of data samples (real in formulas, an integer in simulations)",
    low=1, usual=(2.0, 1000.0),
)
sigma = _argument(
    "sigma", r"\sigma", "standard deviation of each mode, per coordinate",
    low=0, low_open=True, usual=(0.05, 5.0),
)
ridge = _argument(
    "ridge", r"\lambda", "ridge on w: the risk is 1/2 sum |f(x_t) - x1|^2 + ridge/2 |w|^2",
    low=0, usual=(0.0, 10.0),
)
draws = _argument(
    "draws", "K", "frozen base draws for each data sample (the paper: 1)",
    low=1, usual=(1.0, 20.0), default=1,
)
radius = _argument(
    "radius", "r", "|mu| / sqrt(d), half the distance between the modes (the paper: 1)",
    low=0, low_open=True, usual=(0.1, 3.0), default=1,
)
spread_data = _argument(
    "spread_data", "a", "spread of the data: (sum |x1|^2 - |S1|^2/N)/(n draws d), S1 = sum s x1",
    low=0, low_open=True, usual=(0.1, 4.0),
)
spread_noise = _argument(
    "spread_noise", "b", "spread of the base draws: (sum |x0|^2 - |S0|^2/N)/(n draws d), S0 = sum s x0",
    low=0, low_open=True, usual=(0.5, 1.5),
)
spread_cross = _argument(
    "spread_cross", "g", "cross spread: (sum x0.x1 - S0.S1/N)/(n draws d)", usual=(-0.2, 0.2),
)
d = _argument("d", "d", "dimension", low=1, usual=(10.0, 1e6))
p = _argument(
    "p", "p", "weight of the + mode", low=0, low_open=True, high=1, high_open=True, usual=(0.05, 0.95),
)
kappa = _argument(
    "kappa", r"\kappa", "end of the first phase, beta = kappa/sqrt(d)", low=0, low_open=True, usual=(0.3, 8.0),
)
s = _argument(
    "s", "s", "speciation clock, beta |mu|/sqrt(alpha^2 + sigma^2 beta^2)", low=0, usual=(0.02, 6.0),
)
n_plus = _argument(
    "n_plus", "n_+", "number of data samples of the + mode (real in formulas)",
    low=1, usual=(1.0, 500.0),
)
n_minus = _argument(
    "n_minus", "n_-", "number of data samples of the - mode (real in formulas)",
    low=1, usual=(1.0, 500.0),
)
ridge_u = _argument(
    "ridge_u", r"\lambda", "ridge on u: the risk is 1/2 sum E|f(x_t) - x1|^2 + ridge_u/2 |u|^2 + ridge_w/2 |w|^2",
    low=0, usual=(0.05, 5.0),
)
ridge_w = _argument(
    "ridge_w", r"\ell", "ridge on w, see ridge_u", low=0, low_open=True, usual=(0.05, 5.0),
)
learning_rate = _argument(
    "learning_rate", r"\eta", "how far the log odds of a model move in one iteration, per share of the chains",
    low=0, low_open=True, usual=(0.02, 2.0),
)
jump_rate = _argument(
    "jump_rate", r"\gamma", "probability per iteration that a chain is refreshed between the modes",
    low=0, low_open=True, high=1, usual=(0.02, 1.0),
)
chains = _argument(
    "chains", "N", "number of chains (real in formulas)", low=1, usual=(8.0, 4096.0),
)
q = _argument(
    "q", "q", "weight of the + mode among the proposals", low=0, high=1, usual=(0.02, 0.98),
)
scale = _argument(
    "scale", r"\varsigma", "standard deviation of the proposals N(0, scale^2 I) for a target N(0, I)",
    low=0, low_open=True, usual=(0.3, 3.0),
)
tau = _argument(
    "tau", r"\tau", "standard deviation of the logarithm of the weight target/proposal",
    low=0, usual=(0.0, 6.0),
)
step = _argument(
    "step", r"\epsilon", "step of Langevin dynamics: x' = x + step grad log p + sqrt(2 step) z",
    low=0, low_open=True, usual=(0.02, 2.0),
)
separation = _argument(
    "separation", "D", "distance between the means of the two modes",
    low=0, low_open=True, usual=(2.0, 30.0),
)
# Shorthands that formulas may flow.transport; what each stands for is read off a derivation, never typed here.
A = Symbol("A", nonnegative=True)
B = Symbol("B", positive=True)
N = Symbol("N", positive=True)
Delta = Symbol("Delta", r"\Delta", positive=True)
finite_delta = Symbol("Delta_d", r"\Delta_d", positive=True)
variance = Symbol("variance", r"\hat\sigma^2", nonnegative=True)
factor = Symbol("F", positive=True)
lag = Symbol("D", nonnegative=True)
balance_slope = Symbol("g", positive=True)
error = Symbol("error", r"\mathcal{E}", positive=True)
scatter = Symbol("V", positive=True)
excess = Symbol("excess", r"\delta", real=True)
fresh_variance = Symbol("S", nonnegative=True)
half_odds = Symbol("h", real=True)
noised = Symbol("noised", "V", positive=True)
v_plus = Symbol("v_plus", "v_+", positive=True)
v_minus = Symbol("v_minus", "v_-", positive=True)
f_plus = Symbol("f_plus", r"\bar f_+", real=True)
f_minus = Symbol("f_minus", r"\bar f_-", real=True)
norm = Symbol("norm", "D", positive=True)
length = Symbol("length", "r", nonnegative=True)


def in_time(shorthand: sp.Symbol) -> Symbol:
    """The shorthand's counterpart on a schedule, a function of t."""
    return Symbol(f"{shorthand.name}_t", f"{letter(shorthand)}(t)", **shorthand.assumptions0)
