"""The minimiser of the risk in d dimensions, by a generic solver.

Given labels h (one sign for each pair) the risk 1/2 sum |c x_t + w h - x1|^2 + ridge/2 |w|^2 is an
ordinary least-squares problem in (c, w): rows h w_i + c x_i = x1_i for every pair and coordinate,
and the rows sqrt(ridge) w_i = 0. It is solved with `torch.linalg.lstsq` only. Nothing here comes
from the closed forms that it is there to check.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import torch

from simulate import checks
from simulate.autoencoder.losses import require_attained
from simulate.autoencoder.network import Autoencoder
from simulate.mixture import Samples
from simulate.path import Mixing

Outcome: TypeAlias = Literal["given", "fixed", "cycle", "limit"]


@dataclass(frozen=True, eq=False)
class Solution:
    """The minimiser for the labels (n, draws) it was solved with.

    ``objective``: the risk with these labels, per n draws d. ``margins`` (n, draws): s w.x_t / d
    with the true labels s. ``consistent``: sign(w.x_t) gives these labels back for every pair, so
    that ``objective`` is the network's own risk (also where w = 0: then no label is used).
    ``iterations``: least-squares problems solved. ``outcome``: "given" labels, or how the iteration
    of labels ended.
    """

    network: Autoencoder
    objective: float
    labels: torch.Tensor
    margins: torch.Tensor
    consistent: bool
    iterations: int = 1
    outcome: Outcome = "given"


def solve(
    samples: Samples, values: Mixing, *, ridge: float, labels: torch.Tensor | None = None,
    skip: bool = True,
) -> Solution:
    """The minimiser over (c, w), or over w alone without ``skip``, for given labels. O(n draws d).

    ``labels``: (n, draws) of +-1, the true s by default. At alpha = 0 the network sees x1 itself:
    the minimiser copies it (c = 1/beta, w = 0). At beta = 0 it sees noise only; the minimiser given
    the true labels is unique, but its labels are not consistent. Raises ValueError at n * draws =
    1, where minimising drives the pre-activation to 0 and the infimum is not attained, and where
    x_t leaves c undetermined.
    """
    penalty = checks.penalty(ridge)
    with_skip = checks.flag("skip", skip)
    require_attained(samples)
    signs = _labels(samples, labels)
    x, y, h = samples.mixed(values).flatten(0, 1), samples.targets.flatten(0, 1), signs.flatten()
    _require_squares(x, y)
    if with_skip:
        skip_value, weight = _least_squares(x, y, h, penalty)
    else:
        skip_value, weight = y.new_zeros(()), _regress(_padded(y), _design(h, penalty))[0]
    return _solution(samples, x, y, signs, Autoencoder(skip_value, weight), penalty)


def solve_self_consistent(
    samples: Samples, values: Mixing, *, ridge: float, labels: torch.Tensor | None = None,
    skip: bool = True, limit: int = 100,
) -> Solution:
    """Alternate solving and relabelling, labels <- sign(w.x_t), from ``labels`` (the true s by
    default).

    Stops when the labels reproduce themselves ("fixed"; then ``consistent``), when labels seen
    earlier come back ("cycle") or after ``limit`` solves ("limit"); the last solution is returned
    in every case. A step may raise the risk: it need not be a descent. A pre-activation of exactly
    0 keeps its label.
    """
    most = checks.integer("limit", limit, least=1)
    current = _labels(samples, labels)
    seen: list[torch.Tensor] = []
    while True:
        solution = solve(samples, values, ridge=ridge, labels=current, skip=skip)
        seen.append(current)
        found = torch.sign(solution.margins * samples.pair_labels)
        current = torch.where(found == 0, current, found)
        if solution.consistent:
            outcome: Outcome = "fixed"
        elif any(_same_split(current, earlier) for earlier in seen):
            outcome = "cycle"
        elif len(seen) == most:
            outcome = "limit"
        else:
            continue
        return replace(solution, iterations=len(seen), outcome=outcome)


def _require_squares(x: torch.Tensor, y: torch.Tensor) -> None:
    """ValueError if a sum of squares overflows: nothing that is computed from it would say so."""
    if not bool(torch.isfinite(x.norm() + y.norm())) or not bool(torch.isfinite(y.square().sum())):
        largest = float(torch.maximum(x.abs().max(), y.abs().max()))
        raise ValueError(
            f"squares of x_t or x1 overflow {x.dtype}: the largest entry is {largest:.3g}; scale the data"
        )


def _least_squares(
    x: torch.Tensor, y: torch.Tensor, h: torch.Tensor, ridge: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """(c, w) by Frisch-Waugh: regress x and y on the label column, then the residuals on each
    other.
    """
    design = _design(h, ridge)
    both = _padded(torch.cat([x, y], dim=1))
    coefficients = _regress(both, design)[0]
    residuals = both - design * coefficients
    x_left, y_left = (part.reshape(-1, 1) for part in residuals.chunk(2, dim=1))
    # Below this the residual of x is rounding, and c could be anything.
    floor = 100.0 * torch.finfo(x.dtype).eps * x.norm()
    if bool(x_left.norm() <= floor):
        raise ValueError(
            f"x_t of all pairs is the same up to its label and ridge = {ridge:g} does not tell it from w, "
            "so the skip c is not determined; use a larger ridge, another time, or skip=False"
        )
    skip = _regress(y_left, x_left)[0, 0]
    x_part, y_part = coefficients.chunk(2)
    weight = y_part - skip * x_part
    if bool(weight.norm() <= 100.0 * torch.finfo(x.dtype).eps * y_part.norm()):
        # x_t is a multiple of x1 and copying is perfect: the sign of what is left would be noise.
        weight = torch.zeros_like(weight)
    return skip, weight


def _design(h: torch.Tensor, ridge: float) -> torch.Tensor:
    """The column [h; sqrt(ridge)] that multiplies each coordinate of w, (pairs + 1, 1)."""
    return torch.cat([h, h.new_full((1,), ridge**0.5)])[:, None]


def _padded(rows: torch.Tensor) -> torch.Tensor:
    """The rows and a row of zeros, the right-hand side of the penalty."""
    return torch.cat([rows, rows.new_zeros((1, rows.shape[1]))])


def _regress(values: torch.Tensor, design: torch.Tensor) -> torch.Tensor:
    # QR without pivoting: the design has one column that is not 0, and CUDA offers no other driver.
    solution: torch.Tensor = torch.linalg.lstsq(design, values, driver="gels").solution
    return solution


def _labels(samples: Samples, labels: torch.Tensor | None) -> torch.Tensor:
    if labels is None:
        return samples.pair_labels
    checks.tensor("labels", labels, (samples.n, samples.draws))
    checks.same_kind(samples.data, labels=labels)
    if not bool((labels.abs() == 1.0).all()):
        raise ValueError("labels must be +1 or -1")
    return labels


def _same_split(first: torch.Tensor, second: torch.Tensor) -> bool:
    """Labels and their negatives describe the same network."""
    return torch.equal(first, second) or torch.equal(first, -second)


def _solution(
    samples: Samples, x: torch.Tensor, y: torch.Tensor, labels: torch.Tensor, network: Autoencoder,
    ridge: float,
) -> Solution:
    misfit = network.skip * x + labels.reshape(-1, 1) * network.weight - y
    cost = 0.5 * misfit.square().sum() + 0.5 * ridge * network.weight.square().sum()
    projection = network.preactivation(x).reshape(labels.shape)
    silent = not bool(network.weight.any())
    return Solution(
        network=network,
        objective=float(cost) / (samples.pairs * samples.d),
        labels=labels,
        margins=samples.pair_labels * projection / samples.d,
        consistent=silent or bool((torch.sign(projection) == labels).all()),
    )
