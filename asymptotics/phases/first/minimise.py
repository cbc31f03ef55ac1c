"""The global minimiser of the objective: all starts of all points at once."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

from asymptotics.coerce import as_fraction
from asymptotics.phases.first.averages import averages_mp, fine_averages
from asymptotics.phases.first.objective import State, both_classes, objective_jet, state_of
from asymptotics.phases.first.problem import Array, FirstPhase, Problem, checked


def _starts(p: Problem) -> tuple[Problem, Array, Array]:
    """Eighteen starts a point: nine sizes of omega, both signs of b, the best |b| of seven in each.

    omega ranges from well below min(s, 1/s), where heavy ridges push it, to max(s, 1/s) (infinitely many
    samples want s), but never beyond what the ridge allows: F >= (ridge_w r - n - sigma^2)/2.
    """
    low, high = np.minimum(p.s, 1 / p.s) / 4, np.maximum(p.s, 1 / p.s) * 1.2
    most = np.sqrt((p.n + p.sigma**2) / p.ridge_w)
    high = np.minimum(high, most)
    low = np.minimum(low, high / 4)
    sizes = low * (high / low) ** (np.arange(9) / 8)[:, None] / np.sqrt(p.v)
    heights = np.array([0.05, 0.25, 0.6, 1.0, 1.6, 2.5, 4.0])[:, None, None]
    heights = heights * np.maximum(1, p.s * sizes / 2)
    points = p.s.size
    omega = np.broadcast_to(sizes[None, None], (7, 2, 9, points))
    b = np.stack([heights, -heights], axis=1)
    wide = Problem(*(np.broadcast_to(value, omega.shape).ravel() for value in p))
    plus, minus = both_classes(wide, omega.ravel(), b.ravel())
    gain = (wide.n_plus * plus[0] - wide.n_minus * minus[0]) ** 2
    gain += wide.sigma**2 * (wide.n_plus * plus[0] ** 2 + wide.n_minus * minus[0] ** 2)
    value = -gain / (wide.ridge_u + wide.n_plus * plus[6] + wide.n_minus * minus[6])
    best = np.argmin(value.reshape(omega.shape), axis=0)[None]
    chosen = np.take_along_axis(b, best, axis=0)[0]
    lanes = Problem(*(np.broadcast_to(value, chosen.shape).ravel() for value in p))
    return lanes, omega[0].ravel().copy(), chosen.ravel()


def _jets(p: Problem, omega: Array, b: Array) -> tuple[Array, Array]:
    """The jet of F, and whether the lane has left for the trivial branch: tanh is one constant, +1 or -1."""
    plus, minus = both_classes(p, omega, b)
    gone = (np.maximum(plus[1], minus[1]) < 1e-11) & (plus[0] * minus[0] > 0)
    # Without a ridge on u the network may also become linear: omega, b -> 0 and u -> infinity.
    linear = (p.ridge_u == 0) & (np.maximum(plus[6], minus[6]) < 1e-8)
    return objective_jet(p, omega, plus, minus), gone | linear


def _newton(jet: Array, scale: Array) -> tuple[Array, Array, Array]:
    """Newton's step, with the Hessian's eigenvalues made positive, in (omega/scale, b): shape (2, lanes).

    Also the lowest eigenvalue, and the slope of F along the step. Where a lane sits on a saddle, the step is a
    small one down its falling direction.
    """
    gx, gy = jet[1] * scale, jet[2]
    xx, xy, yy = jet[3] * scale**2, jet[4] * scale, jet[5]
    angle = np.arctan2(2 * xy, xx - yy) / 2
    cos, sin = np.cos(angle), np.sin(angle)
    centre, radius = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    # The eigenvalue of smaller size as determinant/other: towards the trivial branch it decays like exp(-2|b|).
    large = centre + np.where(centre < 0, -radius, radius)
    small = (xx * yy - xy**2) / np.where(large == 0, 1, large)
    upper, lower = np.maximum(large, small), np.minimum(large, small)
    first = -(cos * gx + sin * gy) / np.maximum(abs(upper), 1e-300)
    second = -(cos * gy - sin * gx) / np.maximum(abs(lower), 1e-300)
    stuck = (lower < -1e-11 * abs(upper)) & (abs(second) < 1e-3)
    second = np.where(stuck, np.where(second < 0, -0.05, 0.05), second)
    step = np.stack([cos * first - sin * second, sin * first + cos * second])
    slope = gx * step[0] + gy * step[1]
    return step, lower, slope


def _descend(p: Problem, omega: Array, b: Array) -> tuple[Array, Array, Array, Array]:
    """Local minima from the given starts: (omega, b, F, kind), kind 1 = found, 2 = left, 0 = not converged.

    Newton inside a trust region: a step is never longer than the lane's radius, and is taken only when F
    does not rise, so that no lane can diverge. In (omega/scale, b) arguments of tanh move by order one.
    """
    scale = 1 / np.maximum(np.sqrt(p.v), p.s * np.maximum(p.v_plus, p.v_minus))
    kind = np.zeros(omega.size, dtype=int)
    value = np.empty(omega.size)
    lane = np.arange(omega.size)
    radius = np.ones(omega.size)
    jet, gone = _jets(p, omega, b)
    value[:] = jet[0]
    for _ in range(150):
        step, lower, slope = _newton(jet, scale[lane])
        length = np.hypot(*step)
        # Close, or so flat that the rounding of F hides what is left: the polish goes on from there.
        found = (lower > 0) & ((length < 1e-7) | ((length < 0.01) & (-slope < 1e-16 * abs(jet[0]))))
        kind[lane[found]], kind[lane[gone]] = 1, 2
        keep = ~(found | gone) & (radius[lane] > 1e-13)
        lane, jet, step, length = lane[keep], jet[:, keep], step[:, keep], length[keep]
        if not lane.size:
            break
        q = p.take(lane)
        step = step * np.minimum(1, radius[lane] / np.maximum(length, 1e-300))
        length = np.minimum(length, radius[lane])
        tried_omega, tried_b = omega[lane] + step[0] * scale[lane], b[lane] + step[1]
        flip = np.where(tried_omega < 0, -1.0, 1.0)  # F is even
        tried_omega, tried_b = tried_omega * flip, tried_b * flip
        tried, left = _jets(q, tried_omega, tried_b)
        noise = 4e-15 * abs(jet[0])
        good = tried[0] <= jet[0] + noise
        sx, sy = step[0] * scale[lane], step[1]
        expected = jet[1] * sx + jet[2] * sy + (jet[3] * sx**2 + 2 * jet[4] * sx * sy + jet[5] * sy**2) / 2
        well = tried[0] - jet[0] <= 0.5 * expected + noise
        radius[lane] = np.where(good, np.where(well, np.maximum(radius[lane], 2 * length), radius[lane]), length / 4)
        moved = lane[good]
        omega[moved], b[moved], value[moved] = tried_omega[good], tried_b[good], tried[0][good]
        jet = np.where(good, tried, jet)
        gone = left & good
    return omega, b, value, kind


def _polish(p: Problem, omega: Array, b: Array, fine: bool) -> tuple[Array, Array, Array]:
    """Newton from minima known well enough: one step in float64 or, where ``fine``, as many in long floats as
    bring the last step below 1e-9, so that what is left is the rounding of the result."""
    if not fine:
        value, move_omega, move_b = plain_newton(_jets(p, omega, b)[0])
        return omega - move_omega, b - move_b, value
    long = Problem(*(argument.astype(np.longdouble) for argument in p))
    value = np.empty_like(omega)
    omega, b = omega.copy(), b.copy()
    left = np.arange(omega.size)
    for _ in range(6):
        q, at = long.take(left), (omega[left].astype(np.longdouble), b[left].astype(np.longdouble))
        jet = objective_jet(q, at[0], *both_classes(q, *at, fine_averages))
        value[left], move_omega, move_b = plain_newton(jet.astype(np.float64))
        omega[left], b[left] = omega[left] - move_omega, b[left] - move_b
        far = (abs(move_omega) > 1e-9 * omega[left]) | (abs(move_b) > 1e-9 * (omega[left] + abs(b[left])))
        left = left[far]
        if not left.size:
            break
    return omega, b, value


def plain_newton(jet: Any) -> tuple[Any, Any, Any]:
    """The value, and the move to subtract from (omega, b)."""
    value, gx, gy, xx, xy, yy = jet
    determinant = xx * yy - xy**2
    return value, (yy * gx - xy * gy) / determinant, (xx * gy - xy * gx) / determinant


def interior(p: Problem, fine: bool) -> tuple[Array, Array, Array]:
    """The best minimum with omega > 0 at each point, s > 0: (omega, b, F); F = inf where there is none.

    Raises ArithmeticError naming the first point at which a start that did not converge might have won.
    """
    with np.errstate(all="ignore"):
        results = _descend(*_starts(p))
    omega, b, value, kind = (x.reshape(-1, p.s.size) for x in results)
    floor = np.where(p.ridge_u == 0, _linear_objective(p), 0)
    best = np.argmin(np.where(kind == 1, value, np.inf), axis=0)[None]
    omega, b, before, found = (np.take_along_axis(x, best, axis=0)[0] for x in (omega, b, value, kind == 1))
    reached = np.minimum(np.where(kind > 0, value, np.inf).min(axis=0), np.minimum(p.trivial_objective, floor))
    lost = ~((value >= reached - 1e-12 * abs(reached)) | (kind > 0)).all(axis=0)
    least = np.full(p.s.size, np.inf)
    omega[found], b[found], least[found] = _polish(p.take(found), omega[found], b[found], fine)
    lost |= found & ~(least <= before + 1e-10 * abs(before))
    if lost.any():
        where = int(np.argmax(lost))
        raise ArithmeticError(f"the minimisation did not converge at {p.describe(where)}")
    tie = p.n_plus == p.n_minus
    return omega, np.where(tie, abs(b), b), least


def _linear_objective(p: Problem) -> Array:
    """The infimum of F along omega, b -> 0 at ridge_u = 0, where tanh is linear: a generalised eigenvalue.

    With x = b/omega, gain/D is a ratio of two quadratic forms in (x, 1).
    """
    up, down, variance = p.s * p.v_plus, p.s * p.v_minus, p.sigma**2
    gap, moment = p.n_plus - p.n_minus, p.n_plus * up + p.n_minus * down
    lean = p.n_plus * up - p.n_minus * down
    spread = p.n_plus * up**2 + p.n_minus * down**2
    top = gap**2 + variance * p.n, gap * moment + variance * lean, moment**2 + variance * spread
    low = p.n, lean, spread + p.n * p.v
    # det(top - x low) = 0
    square = low[0] * low[2] - low[1] ** 2
    linear = top[0] * low[2] + top[2] * low[0] - 2 * top[1] * low[1]
    constant = top[0] * top[2] - top[1] ** 2
    return -(linear + np.sqrt(np.maximum(linear**2 - 4 * square * constant, 0))) / (4 * square)


def solve(p: Problem) -> tuple[Array, Array, Array]:
    """The global minimiser (omega, b, F) of each point; |b| = inf on the trivial branch."""
    value = p.trivial_objective
    omega, b = np.zeros_like(value), np.where(p.n_plus >= p.n_minus, np.inf, -np.inf)
    # At s = 0 both classes look the same; E^2 tanh <= E tanh^2 with equality at omega = 0: trivial.
    index = np.flatnonzero(p.s > 0)
    if not index.size:
        return omega, b, value
    q = p.take(index)
    other_omega, other_b, other = interior(q, True)
    floor = np.where(q.ridge_u == 0, _linear_objective(q), 0)
    missed = floor * (1 - 1e-12) < np.minimum(np.minimum(other, value[index]), 0)
    if missed.any():
        where = int(np.argmax(missed))
        raise ValueError(
            f"no minimiser at {q.describe(where)}: with ridge_u = 0 the objective falls towards its infimum "
            f"{floor[where]:.17g} as omega and b go to 0 and u to infinity; use ridge_u > 0"
        )
    wins = other < value[index]
    omega[index[wins]], b[index[wins]], value[index[wins]] = other_omega[wins], other_b[wins], other[wins]
    return omega, b, value


def read_off(p: Problem, omega: Array, b: Array) -> State:
    """f, D, m and q at (omega, b), |b| = inf included."""
    trivial = np.isinf(b)
    with np.errstate(invalid="ignore"):
        plus, minus = both_classes(p, omega, np.where(trivial, 0, b))
    sign = np.where(b > 0, 1.0, -1.0)
    f_plus, f_minus = np.where(trivial, sign, plus[0]), np.where(trivial, sign, minus[0])
    return state_of(p, f_plus, f_minus, np.where(trivial, 1, plus[6]), np.where(trivial, 1, minus[6]))


def first_phase(*, n_plus: Any, n_minus: Any, sigma: Any, ridge_u: Any, ridge_w: Any, s: Any) -> FirstPhase:
    """What the network has learned in the first phase at clock ``s``: the global minimiser of F.

    Real ``n_plus``, ``n_minus`` >= 1, ``sigma`` > 0, ``ridge_u`` >= 0, ``ridge_w`` > 0, ``s`` >= 0; arrays
    broadcast. At s = 0 the trivial branch. TypeError for what is not real numbers; ValueError outside the
    ranges, and where no minimiser exists (ridge_u = 0 under a heavy ridge_w: u -> infinity); ArithmeticError
    if the minimisation fails, naming the arguments.
    """
    p, shape = checked(n_plus=n_plus, n_minus=n_minus, sigma=sigma, ridge_u=ridge_u, ridge_w=ridge_w, s=s)
    omega, b, value = solve(p)
    state = read_off(p, omega, b)
    columns = omega, b, omega**2 * p.v, state.m, state.q, value, np.isinf(b)
    return FirstPhase(*(column.reshape(shape)[()] for column in columns))


def first_phase_mp(
    *, n_plus: Any, n_minus: Any, sigma: Any, ridge_u: Any, ridge_w: Any, s: Any, dps: int = 50
) -> FirstPhase:
    """The same at one point to ``dps`` digits, fields mpf; strings and Fractions are taken exactly.

    The float64 minimiser starts Newton's method on grad F = 0; the branch is chosen at the full precision.
    """
    given = {
        "n_plus": n_plus, "n_minus": n_minus, "sigma": sigma, "ridge_u": ridge_u, "ridge_w": ridge_w, "s": s
    }
    exact = {name: as_fraction(name, value) for name, value in given.items()}
    start, _ = checked(**exact)
    with mpmath.workdps(dps + 15):
        p = Problem(*(mpmath.mpf(value.numerator) / value.denominator for value in exact.values()))
        best = _interior_mp(start, p, dps) if p.s > 0 else None
        if best is None or p.trivial_objective <= best[2]:
            sign = 1 if p.n_plus >= p.n_minus else -1
            state = state_of(p, mpmath.mpf(sign), mpmath.mpf(sign), 1, 1)
            zero = mpmath.mpf(0)
            values = zero, sign * mpmath.inf, zero, state.m, state.q, p.trivial_objective
        else:
            omega, b, value, state = best
            values = omega, b, omega**2 * p.v, state.m, state.q, value
    with mpmath.workdps(dps):
        columns = [*(+value for value in values), bool(mpmath.isinf(values[1]))]
        return FirstPhase(*columns)


def _interior_mp(start: Problem, p: Problem, dps: int) -> tuple[Any, Any, Any, State] | None:
    solve(start)  # raises where there is no minimiser
    floats = interior(start, True)
    if np.isinf(floats[2][0]):
        return None
    omega, b = mpmath.mpf(float(floats[0][0])), mpmath.mpf(float(floats[1][0]))
    tolerance = mpmath.mpf(10) ** (-(dps + 5))
    for _ in range(60):
        r = omega**2 * p.v
        plus = averages_mp(b + p.s * omega * p.v_plus, r)
        minus = averages_mp(b - p.s * omega * p.v_minus, r)
        value, *move = plain_newton(objective_jet(p, omega, np.array(plus), np.array(minus)))
        if abs(move[0]) <= tolerance * omega and abs(move[1]) <= tolerance * (abs(b) + omega):
            return omega, b, value, state_of(p, plus[0], minus[0], plus[6], minus[6])
        omega, b = omega - move[0], b - move[1]
    raise ArithmeticError(f"Newton's method did not converge to {dps} digits at {start.describe(0)}")
