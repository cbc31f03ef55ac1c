"""Kernels against what they must leave invariant, and against the closed forms of acceptance and jumps.

Chains start from the target itself and are independent, so that every statistic after any number of moves has a known
standard error. LIMIT standard errors are allowed: a false failure with probability 2e-9 for each of some 200 numbers,
below 1e-6 in all; what is LIMIT + 5 standard errors off is seen with probability 1 - 3e-7.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np
import pytest
import torch

from asymptotics import balance
from simulate.sampler import (
    AdjustedLangevin,
    FlowAssisted,
    GaussianMixtureLaw,
    IndependentMetropolis,
    Kernel,
    Resampling,
    UnadjustedLangevin,
)
from simulate.seeds import Seed, child, normal

LIMIT = 6.0
CHAINS = 40_000


@dataclass(frozen=True)
class Mixture:
    """Modes at +-(2, 0) of the widths .6 and .9, weight ``p`` on the first."""

    p: float = 0.8
    widths: tuple[float, float] = (0.6, 0.9)
    d: int = 2

    def _centre(self, x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.pad(torch.full_like(x[:, :1], 2.0), (0, self.d - 1))

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        parts = [
            np.log(weight) - (x - sign * self._centre(x)).square().sum(1) / (2 * width**2) - self.d * np.log(width)
            for weight, sign, width in ((self.p, 1, self.widths[0]), (1 - self.p, -1, self.widths[1]))
        ]
        return torch.logaddexp(*parts) - self.d / 2 * np.log(2 * np.pi)

    def sample(self, count: int, *, seed: Seed) -> torch.Tensor:
        noise = normal(child(seed, 0), (count, self.d))
        plus = torch.from_numpy(np.random.default_rng(child(seed, 1)).random((count, 1)) < self.p)
        centre = self._centre(noise)
        return torch.where(plus, centre + self.widths[0] * noise, self.widths[1] * noise - centre)


@dataclass(frozen=True)
class Gaussian:
    scale: float
    d: int

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        return -x.square().sum(1) / (2 * self.scale**2) - self.d * np.log(self.scale * np.sqrt(2 * np.pi))

    def sample(self, count: int, *, seed: Seed) -> torch.Tensor:
        return self.scale * normal(seed, (count, self.d))


TARGET = Mixture()
# A proposal that covers the target badly: other weights and widths.
PROPOSAL = Mixture(p=0.4, widths=(0.9, 1.2))
METROPOLIS: dict[str, Kernel] = {
    "independent": IndependentMetropolis(PROPOSAL, 3),
    "resampling": Resampling(PROPOSAL, 4),
    "mala": AdjustedLangevin(0.2, 4),
}
INVARIANT: dict[str, Kernel] = METROPOLIS | {
    "flow_assisted": FlowAssisted(IndependentMetropolis(PROPOSAL, 2), AdjustedLangevin(0.3, 3)),
    "flow_resampling": FlowAssisted(Resampling(PROPOSAL, 2), AdjustedLangevin(0.1, 2)),
}


def moved(kernel: Kernel, times: int, *, target: Mixture = TARGET, chains: int = CHAINS) -> torch.Tensor:
    x = target.sample(chains, seed=1)
    for k in range(times):
        x = kernel(target.log_prob, x, seed=child(2, k)).x
    return x


def statistics(x: torch.Tensor) -> dict[str, torch.Tensor]:
    """Numbers per chain whose means the target fixes."""
    plus = (x[:, 0] > 0).double()
    return {
        "weight": plus, "mean": x[:, 0], "across": x[:, 1], "square": x.square().sum(1),
        "width of +": plus * x[:, 1].square(), "width of -": (1 - plus) * x[:, 1].square(),
        "log density": TARGET.log_prob(x),
    }


def off(found: torch.Tensor, truth: torch.Tensor) -> dict[str, float]:
    """Differences of means from those of a much larger sample of the target, in standard errors."""
    both = statistics(found), statistics(truth)
    return {
        name: float((a.mean() - b.mean()) / (a.var() / len(a) + b.var() / len(b)) ** 0.5)
        for (name, a), b in zip(both[0].items(), both[1].values(), strict=True)
    }


@pytest.mark.parametrize("name", INVARIANT)
def test_the_target_is_left_invariant(name: str) -> None:
    scores = off(moved(INVARIANT[name], 10), TARGET.sample(2_000_000, seed=9))
    print(name, {key: round(value, 1) for key, value in scores.items()})
    assert max(map(abs, scores.values())) < LIMIT


@pytest.mark.parametrize("name", INVARIANT)
def test_one_seed_for_the_law_and_the_kernel(name: str) -> None:
    """What the law draws is independent of what the kernel draws below the same seed, the library's law too."""
    law = GaussianMixtureLaw(
        torch.tensor([[2.0, 0.0], [-2.0, 0.0]], dtype=torch.float64),
        torch.tensor([0.36, 0.81], dtype=torch.float64)[:, None, None] * torch.eye(2, dtype=torch.float64), [0.8, 0.2],
    )
    x = law.sample(CHAINS, seed=1)
    scores = off(INVARIANT[name](law.log_prob, x, seed=1).x, TARGET.sample(2_000_000, seed=9))
    assert max(map(abs, scores.values())) < LIMIT


def test_what_is_not_invariant_is_seen() -> None:
    """Unadjusted steps, and the published slip: log densities kept from before a local move."""
    truth = TARGET.sample(2_000_000, seed=9)
    assert abs(off(moved(UnadjustedLangevin(0.1, 4), 5), truth)["square"]) > LIMIT
    x, kept = TARGET.sample(CHAINS, seed=1), None
    far, near = IndependentMetropolis(PROPOSAL, 1), AdjustedLangevin(0.3, 3)
    for k in range(10):
        values = TARGET.log_prob(x) if kept is None else kept
        drawn = far(partial(_known, x, values), x, seed=child(child(2, k), 0))
        kept = TARGET.log_prob(drawn.x)
        x = near(TARGET.log_prob, drawn.x, seed=child(child(2, k), 1)).x
    scores = off(x, truth)
    assert max(map(abs, scores.values())) > 2 * LIMIT


def _known(x: torch.Tensor, values: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    return values if points is x else TARGET.log_prob(points)


@pytest.mark.parametrize("name", METROPOLIS)
def test_detailed_balance_between_boxes(name: str) -> None:
    """As many chains go from box to box as come back, between every two of eight."""
    edges = torch.tensor([-2.5, -1.5, 0.0, 1.6, 2.0, 2.4, 3.0], dtype=torch.float64)
    x = TARGET.sample(400_000, seed=3)
    y = METROPOLIS[name](TARGET.log_prob, x, seed=4).x
    here, there = (torch.bucketize(each[:, 0].contiguous(), edges).numpy() for each in (x, y))
    flows = np.bincount(8 * here + there, minlength=64).reshape(8, 8)
    scores = [
        (flows[a, b] - flows[b, a]) / (flows[a, b] + flows[b, a]) ** 0.5
        for a, b in combinations(range(8), 2) if flows[a, b] + flows[b, a] > 100
    ]
    assert len(scores) > 7 and max(map(abs, scores)) < LIMIT


def test_transitions_on_a_discrete_target() -> None:
    """Frequencies of every move of independent Metropolis on five points, against its matrix."""
    target, drawn = np.array([0.1, 0.3, 0.05, 0.35, 0.2]), np.array([0.3, 0.1, 0.2, 0.2, 0.2])
    kernel = IndependentMetropolis(_Table(drawn))
    start = _Table(target).sample(300_000, seed=5)
    after = kernel(_Table(target).log_prob, start, seed=6)
    here, there = (each[:, 0].long().numpy() for each in (start, after.x))
    weight = target / drawn
    matrix = drawn[None] * np.minimum(1, weight[None] / weight[:, None])
    matrix += np.diag(1 - matrix.sum(1))
    counts = np.bincount(5 * here + there, minlength=25).reshape(5, 5)
    total = counts.sum(1, keepdims=True)
    assert np.max(np.abs(counts - total * matrix) / np.sqrt(total * matrix * (1 - matrix))) < LIMIT


@dataclass(frozen=True)
class _Table:
    """Points 0, 1, ... with these probabilities."""

    chances: np.ndarray

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(np.log(self.chances))[x[:, 0].long()]

    def sample(self, count: int, *, seed: Seed) -> torch.Tensor:
        drawn = np.random.default_rng(child(seed)).choice(len(self.chances), count, p=self.chances)
        return torch.from_numpy(drawn).double()[:, None]


@pytest.mark.parametrize(("d", "scale"), [(2, 1.6), (8, 0.8), (40, 1.05)])
def test_acceptance_is_the_closed_form(d: int, scale: float) -> None:
    target, kernel = Gaussian(1.0, d), IndependentMetropolis(Gaussian(scale, d), 1)
    found = kernel(target.log_prob, target.sample(100_000, seed=7), seed=8).jumped
    theory = float(balance.imh_acceptance_gaussian(d=d, scale=scale))
    assert found is not None
    assert abs(float(found.mean()) - theory) < LIMIT * (theory * (1 - theory) / len(found)) ** 0.5


@pytest.mark.parametrize("q", [0.3, 0.9])
def test_jumps_are_the_closed_form(q: float) -> None:
    """Chains that all start in +: what the weight of + exceeds its limit by shrinks by 1 - rate each step."""
    target = Mixture(p=0.7, widths=(0.2, 0.2))
    kernel = IndependentMetropolis(Mixture(p=q, widths=(0.2, 0.2)), 1)
    x = Mixture(p=1.0 - 1e-300, widths=(0.2, 0.2)).sample(200_000, seed=1)
    rate, steps = float(balance.jump_rate_independent(p=0.7, q=q)), 3
    for k in range(steps):
        x = kernel(target.log_prob, x, seed=child(3, k)).x
    theory = 0.7 + 0.3 * (1 - rate) ** steps
    found = float((x[:, 0] > 0).double().mean())
    assert abs(found - theory) < LIMIT * (theory * (1 - theory) / len(x)) ** 0.5


@pytest.mark.parametrize("step", [0.05, 0.5, 1.4])
def test_unadjusted_steps_have_their_own_variance(step: float) -> None:
    target = Gaussian(1.0, 3)
    theory = float(balance.ula_variance(sigma=1.0, step=step))
    x = theory**0.5 * target.sample(100_000, seed=1)
    x = UnadjustedLangevin(step, 5)(target.log_prob, x, seed=2).x
    assert abs(float(x.var()) / theory - 1) < LIMIT * (2 / x.numel()) ** 0.5


@pytest.mark.slow
@pytest.mark.parametrize(("p", "ratio", "steps", "allowed"), [(0.5, 3.0, 15_000, 0.06), (0.8, 2.7, 9_000, 0.07)])
def test_local_jumps_are_the_barrier_formula(p: float, ratio: float, steps: int, allowed: float) -> None:
    """The share of + relaxes with the sum of both rates.

    ``allowed``: what the asymptotic form leaves out (4 % at a/sigma = 3) and 2 % for steps that are not small enough
    (6 % at five times these). Textbook Eyring-Kramers, larger by sqrt(pi/2) and more, is refused.
    """
    target = Mixture(p=p, widths=(2 / ratio, 2 / ratio), d=1)
    step, wait = 0.03 * (2 / ratio) ** 4 / 4, 500
    rate = sum(
        float(balance.jump_rate_kramers(p=each, sigma=2 / ratio, step=step, separation=4.0)) for each in (p, 1 - p)
    )
    x, share = Mixture(p=1e-300, widths=target.widths, d=1).sample(12_000, seed=1), []  # all in the rarer mode
    for k, count in enumerate((wait, steps)):
        x = AdjustedLangevin(step, count)(target.log_prob, x, seed=child(2, k)).x
        share.append(float((x[:, 0] > 0).double().mean()))
    kept = (share[1] - p) / (share[0] - p)
    found = -np.log(kept) / steps
    error = (share[1] * (1 - share[1]) / len(x)) ** 0.5 / abs(share[1] - p) / steps
    print(f"relaxation {found:.3e} +- {error:.0e}, formula {rate:.3e}")
    assert abs(found - rate) < LIMIT * error + allowed * rate
    assert abs(found - rate * (np.pi / 2) ** 0.5) > LIMIT * error


def test_weights_estimate_the_normalisation() -> None:
    kernel = IndependentMetropolis(PROPOSAL, 4)
    found = kernel(lambda x: TARGET.log_prob(x) + 3.0, TARGET.sample(50_000, seed=1), seed=2).log_weights
    assert found is not None and found.shape == (4, 50_000)
    weights = found.exp()
    assert abs(float(weights.mean()) - np.exp(3.0)) < LIMIT * float(weights.std()) / weights.numel() ** 0.5


# -- the reduced model ----------------------------------------------------------------------------------


# -- behaviour ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("name", METROPOLIS)
def test_what_is_not_finite_is_never_entered(name: str, bad: float) -> None:
    def walled(x: torch.Tensor) -> torch.Tensor:
        return torch.where(x[:, 0] > 2.2, bad, TARGET.log_prob(x))

    x = TARGET.sample(2000, seed=1)
    x = x[x[:, 0] < 2.2]
    for k in range(5):
        x = METROPOLIS[name](walled, x, seed=child(3, k)).x
    assert bool((x[:, 0] <= 2.2).all()) and bool(torch.isfinite(x).all())


@pytest.mark.parametrize("name", INVARIANT)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_same_seed_is_the_same_move(name: str, dtype: torch.dtype) -> None:
    class Cast:
        log_prob = staticmethod(PROPOSAL.log_prob)

        def sample(self, count: int, *, seed: Seed) -> torch.Tensor:
            return PROPOSAL.sample(count, seed=seed).to(dtype)

    kernel = INVARIANT[name]
    if isinstance(kernel, FlowAssisted):
        kernel = FlowAssisted(type(kernel.jump)(Cast(), 2), kernel.local)
    elif not isinstance(kernel, AdjustedLangevin):
        kernel = type(kernel)(Cast(), 2)
    x = TARGET.sample(50, seed=1).to(dtype)
    first, again, other = (kernel(TARGET.log_prob, x, seed=seed).x for seed in (3, 3, 4))
    assert first.dtype == dtype and torch.equal(first, again) and not torch.equal(first, other)


def test_points_of_any_shape() -> None:
    def log_density(x: torch.Tensor) -> torch.Tensor:
        return -x.flatten(1).square().sum(1) / 2

    x = normal(1, (500, 1, 4, 4))
    found = AdjustedLangevin(0.1, 3)(log_density, x, seed=2)
    assert found.x.shape == x.shape and found.stepped is not None and float(found.stepped.mean()) > 0.8


def test_adaptation_finds_the_acceptance_and_can_be_frozen() -> None:
    kernel, x = AdjustedLangevin(1e-3, 5), TARGET.sample(200, seed=1)
    for k in range(200):
        done = kernel(TARGET.log_prob, x, seed=child(4, k))
        assert done.stepped is not None
        x, kernel = done.x, kernel.adapted(float(done.stepped.mean()), target=0.75, rate=0.3)
    accepted = kernel(TARGET.log_prob, TARGET.sample(20_000, seed=2), seed=9).stepped
    assert accepted is not None and abs(float(accepted.mean()) - 0.75) < 0.05


class _Blind(Mixture):
    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        return super().log_prob(x) * float("nan")


def _wrong_dimension(x: torch.Tensor) -> torch.Tensor:
    return -x.square()


CASES: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: AdjustedLangevin(0.0), ValueError, "step = 0.0 must be > 0"),
    (lambda: UnadjustedLangevin(0.1, 0), ValueError, "steps = 0 must be >= 1"),
    (lambda: IndependentMetropolis(PROPOSAL, 0), ValueError, "proposals = 0 must be >= 1"),
    (lambda: Resampling(PROPOSAL, 2.0), TypeError, "proposals = 2.0 must be an integer"),  # type: ignore[arg-type]
    (lambda: AdjustedLangevin(0.1)(_wrong_dimension, torch.zeros(3, 2), seed=1), ValueError, "one number a point"),
    (lambda: AdjustedLangevin(0.1)(lambda x: x.sum(1) / 0, torch.zeros(3, 2), seed=1), ValueError, "3 of 3 chains "
    "start"),
    (lambda: IndependentMetropolis(Gaussian(1.0, 3))(TARGET.log_prob, TARGET.sample(4, seed=1), seed=1), ValueError,
     r"points \(3,\) for chains of points \(2,\)"),
    (lambda: IndependentMetropolis(PROPOSAL)(TARGET.log_prob, torch.zeros(4, 2), seed=1), TypeError, "float64"),
    (lambda: IndependentMetropolis(_Blind(PROPOSAL.p))(TARGET.log_prob, TARGET.sample(4, seed=1), seed=1), ValueError,
     "of the proposal is not finite where 4 of 4"),
    (lambda: IndependentMetropolis(torch.distributions.Normal(0.0, 1.0)), TypeError,
     "torch Normal, which samples without a seed: give Seeded"),
    (lambda: Resampling(torch.zeros(2)), TypeError, r"proposal must have log_prob\(\); Tensor has none"),  # type: ignore[arg-type]
    (lambda: UnadjustedLangevin(0.1)(TARGET.log_prob, torch.zeros(4), seed=1), ValueError, r"x\[:, None\] for numbers"),
    (lambda: AdjustedLangevin(0.1)(TARGET.log_prob, torch.zeros(4, 2).long(), seed=1), TypeError, "not torch.int64"),
    (lambda: IndependentMetropolis(PROPOSAL)(TARGET.log_prob, np.zeros((4, 2)), seed=1), TypeError,  # type: ignore[arg-type]
     "not ndarray"),
    (lambda: UnadjustedLangevin(3.0, 800)(Gaussian(1.0, 2).log_prob, torch.ones(4, 2), seed=1), FloatingPointError,
     "step = 3.0; take a smaller one"),
]


@pytest.mark.parametrize(("make", "error", "text"), CASES)
def test_bad_input(make: Callable[[], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()
