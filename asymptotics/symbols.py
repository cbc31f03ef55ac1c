"""The alphabet: each symbol of the theory once, with its meaning, its range and its letter in print.

Nobody else creates a Symbol for these. The Python name is the argument name everywhere (calls, command
line, data sets, JSON); the letter is what a theorist would write. A formula of one's own may need arguments that are
not here: `argument` makes them.
"""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp

from asymptotics.wording import check_braces


class Symbol(sp.Symbol):
    """A symbol that knows its letter: the LaTeX printed for it. Without one it is printed by its name.

    Of the same name as sympy's class: sympy orders terms by the names of classes.
    """

    __slots__ = ("letter",)
    letter: str

    def __new__(cls, name: str, letter: str = "", **assumptions: bool) -> Symbol:
        symbol: Symbol = sp.Symbol.__xnew__(cls, name, **assumptions)
        symbol.letter = letter
        return symbol

    def __getnewargs_ex__(self) -> tuple[tuple[str, str], dict[str, bool]]:
        return (self.name, self.letter), self._assumptions_orig

    def _hashable_content(self) -> tuple[Any, ...]:
        return (*super()._hashable_content(), self.letter)

    def _latex(self, printer: Any) -> str:
        text: str = self.letter or printer._print_Symbol(self)
        return text


@dataclass(frozen=True)
class Argument:
    """One argument of the formulas.

    ``low`` is the smallest value (excluded when ``low_open``), None when there is none; ``high`` likewise.
    ``default`` is None when the argument must be given. ``usual`` is the range that random tests and plots
    draw from: inside the allowed one, wide enough to matter.
    """

    name: str
    symbol: Symbol
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
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise ValueError(f"argument {self.name!r}: low = {self.low} is not below high = {self.high}")
        if (self.low is not None and low < self.low) or (self.high is not None and high > self.high):
            raise ValueError(f"argument {self.name!r}: usual = {self.usual} leaves the allowed range, {self.range}")

    @property
    def letter(self) -> str:
        """LaTeX of the argument."""
        return self.symbol.letter

    @property
    def logarithmic(self) -> bool:
        """Whether its usual range spans more than a decade, so that curves over it want a logarithmic axis."""
        low, high = self.usual
        return low > 0 and high / low > 15

    @property
    def typical(self) -> float:
        """Where to look first: the default, or a round number inside the usual range, whose middle may be special."""
        if self.default is not None:
            return float(self.default)
        low, high = self.usual
        middle = (low * high) ** 0.5 if self.logarithmic else low + 0.6 * (high - low)
        return float(f"{middle:.2g}")

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


# Keywords of calling, evaluating and plotting a formula.
_TAKEN = frozenset({"self", "dps", "over", "ax", "band", "field", "log", "label"})

ARGUMENTS: dict[str, Argument] = {}
"""The alphabet by name."""


def argument(
    name: str,
    letter: str,
    meaning: str,
    *,
    usual: tuple[float, float],
    low: float | Fraction | None = None,
    low_open: bool = False,
    high: float | Fraction | None = None,
    high_open: bool = False,
    default: int | None = None,
) -> Argument:
    """An argument of one's own, for a `Domain`; expressions are written in its ``symbol``.

    ``letter`` is its LaTeX, ``usual`` the range that tests and plots draw from. The symbol is real, and positive or
    nonnegative where the range says so. ValueError for a name of the alphabet: that argument is there already.
    """
    if name in ARGUMENTS:
        raise ValueError(f"{name!r} is in the alphabet (asymptotics.symbols.{name}): {ARGUMENTS[name].meaning}")
    if not name.isidentifier() or not name.isascii() or keyword.iskeyword(name):
        raise ValueError(f"name = {name!r} must be an identifier, because arguments are keywords of calls")
    if name in _TAKEN:
        raise ValueError(f"name = {name!r} is a keyword of a formula's methods already; give it another")
    check_letter(letter, f"argument {name!r}")
    bound, top = (_bound(name, side) for side in (low, high))
    known = {} if bound is None or bound < 0 else {"positive": True} if bound > 0 or low_open else {"nonnegative": True}
    symbol = Symbol(name, letter, real=True, **known)
    return Argument(name, symbol, meaning, bound, low_open, top, high_open, default, usual)


def _bound(name: str, side: Any) -> Fraction | None:
    """A decimal is what it reads as: .1 is 1/10."""
    try:
        return None if side is None else Fraction(str(side))
    except (ValueError, ZeroDivisionError):
        raise TypeError(f"argument {name!r}: the bound {side!r} must be a number") from None


def check_letter(letter: str, owner: str) -> None:
    """ValueError unless the letter can stand inside LaTeX mathematics."""
    if not isinstance(letter, str) or not letter.strip():
        raise ValueError(f"{owner} needs a letter: LaTeX such as 'g'")
    check_braces(letter, owner)
    wrong = re.search(r"(?<!\\)[$%#&~\n]|[^\x00-\x7f]|(?<!\\)(?:\\\\)*\\$", letter)
    if wrong:
        raise ValueError(f"{owner}: the letter {letter!r} is no LaTeX of mathematics: it may not contain {wrong[0]!r}; "
                         r"write such as 'g', '\gamma' or 'g_{1}'")


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

# Shorthands that formulas may carry; what each stands for is read off a derivation, never typed here.
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


def letter(symbol: sp.Symbol) -> str:
    """LaTeX of a symbol: its letter if it has one, else its name."""
    return getattr(symbol, "letter", "") or symbol.name


def in_time(shorthand: sp.Symbol) -> Symbol:
    """The shorthand's counterpart on a schedule, a function of t."""
    return Symbol(f"{shorthand.name}_t", f"{letter(shorthand)}(t)", **shorthand.assumptions0)


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
