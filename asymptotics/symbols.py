"""The alphabet: each symbol of the theory once, with its meaning, its range and its letter in print.

Nobody else creates a Symbol for these. The Python name is the argument name everywhere (calls, command
line, data sets, JSON); the letter is what a theorist would write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp


@dataclass(frozen=True)
class Argument:
    """One argument of the formulas.

    ``low`` is the smallest value (excluded when ``low_open``), None when there is none; ``high`` likewise.
    ``default`` is None when the argument must be given. ``usual`` is the range that random tests and plots
    draw from: inside the allowed one, wide enough to matter.
    """

    name: str
    symbol: sp.Symbol
    letter: str
    meaning: str
    low: Fraction | None = None
    low_open: bool = False
    high: Fraction | None = None
    high_open: bool = False
    default: int | None = None
    usual: tuple[float, float] = (0.0, 1.0)

    def __post_init__(self) -> None:
        if self.symbol.name != self.name:
            raise ValueError(f"argument {self.name!r} carries the symbol {self.symbol.name!r}")
        low, high = self.usual
        if not low < high:
            raise ValueError(f"argument {self.name!r}: the usual range {self.usual} is empty")

    @property
    def range(self) -> str:
        """The allowed range in words, such as ``sigma > 0`` (every value must be finite)."""
        low, high, name = self.low, self.high, self.name
        below = "" if low is None else f"{low} {'<' if self.low_open else '<='} "
        above = "" if high is None else f" {'<' if self.high_open else '<='} {high}"
        if low is not None and high is None:
            return f"{name} {'>' if self.low_open else '>='} {low}"
        if low is None and high is None:
            return f"{name} real"
        return f"{below}{name}{above}"


_TABLE: list[Argument] = []


def _argument(
    name: str,
    letter: str,
    meaning: str,
    *,
    usual: tuple[float, float],
    low: int | None = None,
    low_open: bool = False,
    high: int | None = None,
    high_open: bool = False,
    default: int | None = None,
    **assumptions: bool,
) -> sp.Symbol:
    symbol = sp.Symbol(name, real=True, **assumptions)
    bound, top = (None if side is None else Fraction(side) for side in (low, high))
    _TABLE.append(
        Argument(name, symbol, letter, meaning, bound, low_open, top, high_open, default=default, usual=usual)
    )
    return symbol


t = _argument("t", "t", "time of the interpolant", usual=(0.0, 1.0))
alpha = _argument(
    "alpha", r"\alpha", "weight of the base draw x0 in x_t = alpha x0 + beta x1",
    low=0, usual=(0.02, 1.0), nonnegative=True,
)
beta = _argument(
    "beta", r"\beta", "weight of the data x1 in x_t = alpha x0 + beta x1",
    low=0, usual=(0.02, 1.0), nonnegative=True,
)
dalpha = _argument("dalpha", r"\dot\alpha", "time derivative of alpha", usual=(-2.0, 2.0))
dbeta = _argument("dbeta", r"\dot\beta", "time derivative of beta", usual=(-2.0, 2.0))
n = _argument(
    "n", "n", "number of data samples (real in formulas, an integer in simulations)",
    low=1, usual=(2.0, 1000.0), positive=True,
)
sigma = _argument(
    "sigma", r"\sigma", "standard deviation of each mode, per coordinate",
    low=0, low_open=True, usual=(0.05, 5.0), positive=True,
)
ridge = _argument(
    "ridge", r"\lambda", "ridge on w: the risk is 1/2 sum |f(x_t) - x1|^2 + ridge/2 |w|^2",
    low=0, usual=(0.0, 10.0), nonnegative=True,
)
draws = _argument(
    "draws", "K", "frozen base draws for each data sample (the paper: 1)",
    low=1, usual=(1.0, 20.0), default=1, positive=True,
)
radius = _argument(
    "radius", "r", "|mu| / sqrt(d), half the distance between the modes (the paper: 1)",
    low=0, low_open=True, usual=(0.1, 3.0), default=1, positive=True,
)
spread_data = _argument(
    "spread_data", "a", "spread of the data: (sum |x1|^2 - |S1|^2/N)/(n draws d), S1 = sum s x1",
    low=0, low_open=True, usual=(0.1, 4.0), positive=True,
)
spread_noise = _argument(
    "spread_noise", "b", "spread of the base draws: (sum |x0|^2 - |S0|^2/N)/(n draws d), S0 = sum s x0",
    low=0, low_open=True, usual=(0.5, 1.5), positive=True,
)
spread_cross = _argument(
    "spread_cross", "g", "cross spread: (sum x0.x1 - S0.S1/N)/(n draws d)", usual=(-0.2, 0.2),
)

d = _argument(
    "d", "d", "dimension", low=1, usual=(10.0, 1e6), positive=True,
)
p = _argument(
    "p", "p", "weight of the + mode", low=0, low_open=True, high=1, high_open=True, usual=(0.05, 0.95),
    positive=True,
)
kappa = _argument(
    "kappa", r"\kappa", "end of the first phase, beta = kappa/sqrt(d)", low=0, low_open=True, usual=(0.3, 8.0),
    positive=True,
)
s = _argument(
    "s", "s", "speciation clock, beta |mu|/sqrt(alpha^2 + sigma^2 beta^2)", low=0, usual=(0.02, 6.0), nonnegative=True,
)
n_plus = _argument(
    "n_plus", "n_+", "number of data samples of the + mode (real in formulas)",
    low=1, usual=(1.0, 500.0), positive=True,
)
n_minus = _argument(
    "n_minus", "n_-", "number of data samples of the - mode (real in formulas)",
    low=1, usual=(1.0, 500.0), positive=True,
)
ridge_u = _argument(
    "ridge_u", r"\lambda", "ridge on u: the risk is 1/2 sum E|f(x_t) - x1|^2 + ridge_u/2 |u|^2 + ridge_w/2 |w|^2",
    low=0, usual=(0.05, 5.0), nonnegative=True,
)
ridge_w = _argument(
    "ridge_w", r"\ell", "ridge on w, see ridge_u", low=0, low_open=True, usual=(0.05, 5.0), positive=True,
)
learning_rate = _argument(
    "learning_rate", r"\eta", "how far the log odds of a model move in one iteration, per share of the chains",
    low=0, low_open=True, usual=(0.02, 2.0), positive=True,
)
jump_rate = _argument(
    "jump_rate", r"\gamma", "probability per iteration that a chain is refreshed between the modes",
    low=0, low_open=True, high=1, usual=(0.02, 1.0), positive=True,
)
chains = _argument(
    "chains", "N", "number of chains (real in formulas)", low=1, usual=(8.0, 4096.0), positive=True,
)
q = _argument(
    "q", "q", "weight of the + mode among the proposals", low=0, high=1, usual=(0.02, 0.98), nonnegative=True,
)
scale = _argument(
    "scale", r"\varsigma", "standard deviation of the proposals N(0, scale^2 I) for a target N(0, I)",
    low=0, low_open=True, usual=(0.3, 3.0), positive=True,
)
tau = _argument(
    "tau", r"\tau", "standard deviation of the logarithm of the weight target/proposal",
    low=0, usual=(0.0, 6.0), nonnegative=True,
)
step = _argument(
    "step", r"\epsilon", "step of Langevin dynamics: x' = x + step grad log p + sqrt(2 step) z",
    low=0, low_open=True, usual=(0.02, 2.0), positive=True,
)
separation = _argument(
    "separation", "D", "distance between the means of the two modes",
    low=0, low_open=True, usual=(2.0, 30.0), positive=True,
)

ARGUMENTS: dict[str, Argument] = {argument.name: argument for argument in _TABLE}

# Shorthands that formulas may carry; what each stands for is read off a derivation, never typed here.
A = sp.Symbol("A", nonnegative=True)
B = sp.Symbol("B", positive=True)
N = sp.Symbol("N", positive=True)
Delta = sp.Symbol("Delta", positive=True)
finite_delta = sp.Symbol("Delta_d", positive=True)
variance = sp.Symbol("variance", nonnegative=True)
factor = sp.Symbol("F", positive=True)
lag = sp.Symbol("D", nonnegative=True)
balance_slope = sp.Symbol("g", positive=True)
error = sp.Symbol("error", positive=True)
scatter = sp.Symbol("V", positive=True)
excess = sp.Symbol("excess", real=True)
fresh_variance = sp.Symbol("S", nonnegative=True)
half_odds = sp.Symbol("h", real=True)
noised = sp.Symbol("noised", positive=True)
v_plus = sp.Symbol("v_plus", positive=True)
v_minus = sp.Symbol("v_minus", positive=True)
f_plus = sp.Symbol("f_plus", real=True)
f_minus = sp.Symbol("f_minus", real=True)
norm = sp.Symbol("norm", positive=True)
length = sp.Symbol("length", nonnegative=True)

LETTERS: dict[sp.Symbol, str] = {argument.symbol: argument.letter for argument in _TABLE} | {
    variance: r"\hat\sigma^2",
    error: r"\mathcal{E}",
    excess: r"\delta",
    noised: "V",
    v_plus: "v_+",
    v_minus: "v_-",
    f_plus: r"\bar f_+",
    f_minus: r"\bar f_-",
    norm: "D",
    length: "r",
    Delta: r"\Delta",
    finite_delta: r"\Delta_d",
}
"""How a symbol prints in LaTeX where that differs from its name."""


def in_time(shorthand: sp.Symbol) -> sp.Symbol:
    """The shorthand's counterpart on a schedule, a function of t."""
    symbol = sp.Symbol(f"{shorthand.name}_t", **shorthand.assumptions0)
    LETTERS[symbol] = f"{LETTERS.get(shorthand, shorthand.name)}(t)"
    return symbol


def read(expression: sp.Expr | str | float, *allowed: sp.Symbol, where: str) -> sp.Expr:
    """The user's expression with its symbols replaced by ours of the same name.

    ``allowed`` are the symbols it may contain; anything else raises ValueError naming the symbol.
    Decimal numbers become exact fractions, because floats inside an expression spoil every proof.
    """
    if isinstance(expression, bool):
        raise TypeError(f"{where} = {expression!r} must be an expression")
    if isinstance(expression, str) and not re.fullmatch(r"(?!.*__)[\w\s+\-*/^().,|<>=]*", expression):
        raise ValueError(f"{where}: {expression!r} is not arithmetic; write an expression such as 1 - t**2")
    try:
        parsed = sp.sympify(expression, locals={symbol.name: symbol for symbol in allowed})
    except (sp.SympifyError, TypeError, SyntaxError, AttributeError) as error_:
        raise TypeError(f"{where}: cannot read {expression!r} as an expression") from error_
    if not isinstance(parsed, sp.Expr):
        raise TypeError(f"{where}: {expression!r} is not a scalar expression")
    ours = {symbol.name: symbol for symbol in allowed}
    strangers = sorted(s.name for s in parsed.free_symbols if s.name not in ours)
    if strangers:
        raise ValueError(
            f"{where}: unknown symbol {strangers[0]!r} in {expression!r}; "
            f"it may contain {', '.join(ours) or 'numbers only'}"
        )
    parsed = parsed.xreplace({s: ours[s.name] for s in parsed.free_symbols})
    return sp.nsimplify(parsed, rational=True) if parsed.atoms(sp.Float) else parsed
