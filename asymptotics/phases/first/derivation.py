"""The first phase derived: from infinitely many samples by Cauchy-Schwarz, from finitely many as a minimisation.

The clock is s, and w.x/sqrt(d) + b at the input is b plus s w.x1/d plus sqrt(r) z, r = |w|^2/d, z standard normal.
"""

from __future__ import annotations

from functools import cache

import sympy as sp

from asymptotics.derivation import Claim, Derivation, Step
from asymptotics.functions import GaussianMean, LeastPoint
from asymptotics.mixture import ODDS, z
from asymptotics.symbols import (
    f_minus,
    f_plus,
    half_odds,
    length,
    n_minus,
    n_plus,
    norm,
    ridge_u,
    ridge_w,
    s,
    sigma,
    v_minus,
    v_plus,
)

omega = sp.Symbol("omega", nonnegative=True)
b = sp.Symbol("b", real=True)
_MEANS = sp.Matrix([[1 + sigma**2 / n_plus, -1], [-1, 1 + sigma**2 / n_minus]])
"""Inner products per d of the class means, x_plus = mu + noise/sqrt(n_plus), x_minus = -mu + noise/sqrt(n_minus)."""
_weights = sp.Matrix(sp.symbols("w_plus w_minus", real=True))
_output = sp.Matrix(sp.symbols("u_plus u_minus", real=True))
SPREADS = ((v_plus, 1 + sigma**2 / (2 * n_plus)), (v_minus, 1 + sigma**2 / (2 * n_minus)))
LENGTH = (length, omega**2 * (v_plus + v_minus) / 2)
"""r = |w|^2/d."""


def _averages() -> tuple[tuple[sp.Symbol, sp.Expr], ...]:
    """E tanh of each class, and D."""
    up, down = b + s * omega * v_plus, b - s * omega * v_minus

    def mean(function: sp.Expr, shift: sp.Expr) -> sp.Expr:
        return GaussianMean(function.subs(_x, shift + sp.sqrt(length) * z), z, sp.sqrt(length), shift)

    _x = sp.Symbol("x", real=True)
    tanh = sp.tanh(_x)
    return (
        (f_plus, mean(tanh, up)), (f_minus, mean(tanh, down)),
        (norm, ridge_u + n_plus * mean(tanh**2, up) + n_minus * mean(tanh**2, down)),
    )


def _risk() -> sp.Expr:
    """Per d, without a constant, for u = u_plus x_plus + u_minus x_minus: what depends on u."""
    size = (_output.T * _MEANS * _output)[0]
    overlap = _MEANS * _output
    return norm * size / 2 - n_plus * f_plus * overlap[0] - n_minus * f_minus * overlap[1]


def _is_risk(overlaps: sp.Tuple, stated: sp.Expr) -> list[sp.Expr]:
    """Half the mean of |u phi - x1|^2 - |x1|^2 over the samples, per d, and the ridge on u; phi from the overlaps."""
    size = (_output.T * _MEANS * _output)[0]
    total = ridge_u * size / 2
    for count, at, along in zip((n_plus, n_minus), overlaps[:2], _MEANS * _output, strict=True):
        phi = sp.tanh(b + s * at + sp.sqrt(overlaps[2]) * z)
        total += count * (size * GaussianMean(phi**2, z) / 2 - along * GaussianMean(phi, z))
    return [total - stated]


def _is_least(risk: sp.Expr, best: sp.Tuple) -> list[sp.Expr | Claim]:
    """The gradient vanishes there, and the Hessian is D times a positive matrix."""
    at = dict(zip(_output, best, strict=True))
    return [*(sp.diff(risk, unknown).subs(at) for unknown in _output), *(sp.hessian(risk, _output) - norm * _MEANS),
            Claim(_MEANS[0, 0], "> 0"), Claim(_MEANS.det(), "> 0")]


def _is_gram(products: sp.Tuple) -> list[sp.Expr]:
    """The products from coordinates: mu along e0, xi_plus and xi_minus along e1 and e2."""
    plus, minus = sp.Matrix([1, sigma / sp.sqrt(n_plus), 0]), sp.Matrix([-1, 0, sigma / sp.sqrt(n_minus)])
    return [plus.dot(plus) - products[0], plus.dot(minus) - products[1], minus.dot(minus) - products[2]]


def _closest(weights: sp.Matrix) -> list[sp.Expr]:
    """That w = omega (x_plus - x_minus)/2 is shortest of all with the same difference of the two overlaps."""
    chosen = sp.Matrix([omega / 2, -omega / 2])
    difference = sp.Matrix([1, -1])
    # Lagrange: the gradient of |w|^2/2 is parallel to that of (overlap_plus - overlap_minus).
    gradient = _MEANS * weights - omega / 2 * _MEANS * difference
    return [
        *(weights - chosen),
        *gradient,
        (difference.T * _MEANS * weights)[0] - (difference.T * _MEANS * chosen)[0],
    ]


@cache
def finite() -> Derivation:
    """The objective of (omega, b)."""
    u = sp.Matrix([n_plus * f_plus / norm, n_minus * f_minus / norm])
    pull = (n_plus * f_plus - n_minus * f_minus) ** 2 + sigma**2 * (n_plus * f_plus**2 + n_minus * f_minus**2)
    objective = ridge_w * length / 2 - pull / (2 * norm)
    return Derivation((
        Step(
            "Inner products per $d$ of the two class means, $\\bar x_\\pm=\\pm\\mu+\\sigma\\xi_\\pm/\\sqrt{n_\\pm}$; a "
            "sample has the same with them as its own class mean",
            sp.Tuple(_MEANS[0, 0], _MEANS[0, 1], _MEANS[1, 1]),
            "law of large numbers, independent $\\xi_\\pm$; here $c=O(d^{-1/2})$ drops out", "asymptotic",
        ),
        Step(
            "Samples of one class enter $w$ alike: $w=w_+\\bar x_++w_-\\bar x_-$",
            sp.Tuple(*_weights),
            "the risk does not change when samples of a class change places; that its minimum does not break this "
            "symmetry is taken from simulation", "assumption",
            lambda previous, current: _is_gram(previous),
        ),
        Step(
            "$w=\\omega(\\bar x_+-\\bar x_-)/2$",
            sp.Tuple(omega / 2, -omega / 2),
            "the bias is free, so that only the difference of the overlaps with the two classes counts, and this is "
            "the shortest $w$ with a given one", "exact",
            lambda previous, current: [*_closest(sp.Matrix(current)), *(sp.Matrix(previous) - _weights)],
        ),
        Step(
            "The overlaps of $w$ with the classes and its length: $b\\pm s\\omega v_\\pm$ and $r$",
            sp.Tuple(omega * v_plus, -omega * v_minus, length),
            "the inner products of the first step; $v_\\pm=1+\\sigma^2/(2n_\\pm)$", "exact",
            lambda previous, current: [
                *(_MEANS * sp.Matrix(previous) - sp.Matrix(current[:2])),
                (sp.Matrix(previous).T * _MEANS * sp.Matrix(previous))[0] - current[2],
            ],
        ),
        Step(
            "The risk per $d$ as far as it depends on $u=u_+\\bar x_++u_-\\bar x_-$, with $\\bar f_\\pm$ the mean of "
            "$\\varphi=\\tanh$ in each class and $D=\\lambda+\\sum E\\varphi^2$",
            _risk(), "the mean of $\\frac12|u\\varphi-x_1|^2$ over fresh noise, $\\varphi=\\tanh(b\\pm s\\omega "
            "v_\\pm+\\sqrt r z)$: with $\\beta=O(d^{-1/2})$ the noise enters $w\\cdot x$ with weight 1", "asymptotic",
            _is_risk,
        ),
        Step(
            "The best $u$ is a ridge regression",
            sp.Tuple(*u), "the gradient of the quadratic risk vanishes, and its Hessian is $D$ times a Gram matrix",
            "exact", _is_least,
        ),
        Step(
            "What is left to minimise over $\\omega\\ge0$ and $b$",
            LeastPoint(objective, omega, b), "the risk at its minimum in $u$, and the ridge on $w$", "exact",
            lambda previous, current: [
                current.objective - _risk().subs(dict(zip(_output, previous, strict=True))) - ridge_w * length / 2,
                current.unknowns == (omega, b),
            ],
        ),
    ), (*SPREADS, LENGTH, *_averages()))


_phi, _best = sp.symbols("varphi T", real=True)


def _cauchy() -> Derivation:
    """Infinitely many samples: what the hidden unit must be."""
    ratio, second, cross = sp.symbols("ratio second cross", real=True)
    return Derivation((
        Step(
            "With infinitely many samples, $u$ eliminated, the risk per $d$ of a hidden unit $\\varphi(\\nu)$ is "
            "$-(E[S\\varphi])^2/(2E[\\varphi^2])$ beside a constant; $E[S\\varphi]=E[T\\varphi]$ with $T=E[S|x]$",
            -cross**2 / (2 * second), "ridge regression without a ridge, as at finite $n$; ridges vanish per sample; "
            "tower property", "asymptotic", lambda previous, current: [
                (second * ratio**2 / 2 - cross * ratio).subs(ratio, cross / second) - current,
            ],
        ),
        Step(
            "It is least for $\\varphi\\propto T$",
            (_phi * ratio - _best) ** 2,
            "Cauchy-Schwarz: $E[T^2]-(E[T\\varphi])^2/E[\\varphi^2]=E[(\\varrho\\varphi-T)^2]\\ge0$ with "
            "$\\varrho=E[T\\varphi]/E[\\varphi^2]$, and 0 only for $\\varrho\\varphi=T$", "exact",
            lambda previous, current: [
                # the mean of the square, term by term, at that ratio
                _mean(sp.expand(current), second, cross).subs(ratio, cross / second)
                - (_square + 2 * previous),
            ],
        ),
    ))


_square = sp.Symbol("E_T2", positive=True)


def _mean(expanded: sp.Expr, second: sp.Symbol, cross: sp.Symbol) -> sp.Expr:
    """The mean of a quadratic form in varphi and T."""
    form = sp.Poly(expanded, _phi, _best)
    return (
        form.coeff_monomial(_phi**2) * second + form.coeff_monomial(_phi * _best) * cross
        + form.coeff_monomial(_best**2) * _square
    )


@cache
def _attained() -> Derivation:
    """tanh(omega nu + b) is the posterior mean."""
    nu = sp.Symbol("nu", real=True)
    return _cauchy().then(
        Step(
            "The network attains it: $\\tanh(\\omega\\nu+b)=T=\\tanh(h+s\\nu)$ at this $(\\omega,b)$, and $u=\\mu$",
            sp.Tuple(s, half_odds), "$\\nu=\\mu\\cdot x/\\sqrt d$; the posterior mean of the mode", "exact",
            lambda previous, current: [
                sp.tanh(current[0] * nu + current[1]) - sp.tanh(half_odds + s * nu),
                previous.subs({_phi: sp.tanh(current[0] * nu + current[1]), _best: sp.tanh(half_odds + s * nu),
                               sp.Symbol("ratio", real=True): 1}),
            ],
        ),
        where=[ODDS],
    )


@cache
def weight() -> Derivation:
    return _attained().then(Step("$\\omega=w\\cdot\\mu/d$", s, "its first entry", "exact",
                                 lambda previous, current: [current - previous[0]]))


@cache
def bias() -> Derivation:
    return _attained().then(Step("$b$", half_odds, "its second entry", "exact",
                                 lambda previous, current: [current - previous[1]]))


@cache
def skip() -> Derivation:
    """sqrt(d) c."""
    mode = sp.Symbol("T2", real=True)
    return _attained().then(
        Step(
            "At $u=\\mu$ the skip is a regression of what is left, $x_1-\\mu\\varphi$, on $x$: per $d$, "
            "$E[x\\cdot(x_1-\\mu\\varphi)]/\\sqrt d$, with $\\beta=s/\\sqrt d$",
            s * (1 + sigma**2) - s * mode - s * (1 - mode),
            "$E[x\\cdot x_1]=\\beta(1+\\sigma^2)d$; $E[\\varphi\\,\\mu\\cdot x]/\\sqrt d=E[\\varphi\\nu]$, by "
            "Stein's lemma $=sE[S\\varphi]+\\omega E[1-\\varphi^2]$, with $E[S\\varphi]=E[\\varphi^2]$, "
            "$\\omega=s$; $E|x|^2=d$", "asymptotic", lambda previous, current: [
                current - (s * (1 + sigma**2) - (s * mode + previous[0] * (1 - mode))),
            ],
        ),
        Step(
            "$\\sqrt d\\,c$", sigma**2 * s, "add up", "exact", lambda previous, current: [current - previous],
        ),
    )
