"""Statistics drawn in O(1) against d-dimensional data: the same formulas to rounding, the same laws within chance."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
import torch

from asymptotics import limited_samples
from asymptotics.calibration import Verdict, assert_agrees, compare_laws, compare_mean, judge
from simulate import Mixture, Samples
from simulate.gram import GramStatistics, draw, networks, sufficient
from simulate.gram.sufficient import ARRAYS

Orthogonal = Callable[..., Samples]
KIND: dict[str, Any] = {"n": 3, "draws": 2, "sigma": 0.9, "radius": 1.3}
OVERLAPS = ("skip", "overlap_mean", "overlap_noise", "overlap_sample")


def test_the_scalars_are_those_of_the_vectors() -> None:
    samples = Mixture(d=40, sigma=0.9, radius=1.3).sample(n=3, draws=2, seed=1)
    found = GramStatistics.of(samples)
    x1 = torch.stack([samples.labels[m] * samples.data[m] for m in range(3) for _ in range(2)])
    x0 = torch.stack([samples.labels[m] * samples.noise[m, k] for m in range(3) for k in range(2)])
    s1, s0, size = x1.sum(dim=0), x0.sum(dim=0), 6 * 40
    for ridge in (0.0, 0.3, 1e12):
        total = 6 + ridge
        expected = [
            float((first * second).sum() - left @ right / total) / size
            for first, second, left, right in ((x1, x1, s1, s1), (x0, x0, s0, s0), (x0, x1, s0, s1))
        ]
        assert [float(each[0]) for each in found.spreads(ridge)] == pytest.approx(expected, abs=1e-13)
    assert float(found.centre_centre[0]) == pytest.approx(float(s1 @ s1) / 36 / 40, rel=1e-13)
    assert float(found.centre_noise[0]) == pytest.approx(float(s1 @ s0) / 36 / 40, abs=1e-14)
    assert float(found.sample_mean[0]) == pytest.approx(float(samples.eta @ samples.mean) / 3 / 40, abs=1e-14)
    assert (found.seeds, found.pairs) == (1, 6)


def test_many_data_sets_are_measured_as_one_by_one() -> None:
    every = [Mixture(d=9, sigma=1.1).sample(n=2, seed=k) for k in range(5)]
    together = networks.generated(GramStatistics.of(every), ridge=0.4)
    alone = [networks.generated(GramStatistics.of(each), ridge=0.4) for each in every]
    for name in together._fields:
        assert np.array_equal(getattr(together, name), [getattr(each, name)[0] for each in alone])


@lru_cache(maxsize=2)
def directly(m: int, *, n: int, d: int, sigma: float, radius: float, draws: int, seed: int) -> dict[str, np.ndarray]:
    """The scalars of m data sets from vectors drawn in d dimensions, term by term as they are defined."""
    rng, rows = np.random.default_rng(seed), []
    mean = np.full(d, radius)
    for start in range(0, m, 1000):
        size = min(1000, m - start)
        z = sigma * rng.standard_normal((size, n, 1, d))
        x0 = rng.standard_normal((size, n, draws, d))
        zbar, x0bar = z.mean(axis=(1, 2)), x0.mean(axis=(1, 2))
        z_left, x0_left = z - zbar[:, None, None], x0 - x0bar[:, None, None]
        pairs = n * draws * d
        rows.append([
            zbar @ mean / d, x0bar @ mean / d, (zbar**2).mean(1), (zbar * x0bar).mean(1), (x0bar**2).mean(1),
            draws * (z_left**2).sum((1, 2, 3)) / pairs, (z_left * x0_left).sum((1, 2, 3)) / pairs,
            (x0_left**2).sum((1, 2, 3)) / pairs,
        ])
    return dict(zip(ARRAYS, np.concatenate(rows, axis=1), strict=True))


def outputs(statistics: GramStatistics) -> dict[str, np.ndarray]:
    """Every output at one generic time, and the spread of the generated law."""
    at = {"alpha": 0.6, "beta": 0.5, "ridge": 0.4}
    found = {
        **networks.denoisers(statistics, **at)._asdict(), **networks.flows(statistics, **at)._asdict(),
        **networks.generated(statistics, ridge=0.4)._asdict(),
    }
    return {name: value.reshape(len(value)) for name, value in found.items()}


def standardised(scalars: dict[str, np.ndarray], d: int, n: int, draws: int, sigma: float, radius: float) -> np.ndarray:
    """(m, 8): minus its expectation, over its standard deviation, both by hand from normal vectors."""
    pairs = n * draws
    centre = [0, 0, sigma**2 / n, 0, 1 / pairs, sigma**2 * (n - 1) / n, 0, (pairs - 1) / pairs]
    spread = [
        radius * sigma / n**0.5, radius / pairs**0.5, 2**0.5 * sigma**2 / n, sigma / n / draws**0.5,
        2**0.5 / pairs, sigma**2 * (2 * max(n - 1, 1)) ** 0.5 / n, sigma * max(n - 1, 1) ** 0.5 / n / draws**0.5,
        (2 * (pairs - 1)) ** 0.5 / pairs,
    ]
    table = np.array([scalars[name] for name in ARRAYS]).T
    return (table - centre) / (np.array(spread) / d**0.5)


def moments(table: np.ndarray) -> np.ndarray:
    """(m, 44): the standardised scalars and all their products: means, variances and correlations."""
    i, j = np.triu_indices(table.shape[1])
    return np.concatenate([table, table[:, i] * table[:, j]], axis=1)


def same_moments(
    first: dict[str, np.ndarray], second: dict[str, np.ndarray], d: int, share: int, **kind: Any
) -> Verdict:
    """Welch's comparison, at the fewest degrees of freedom it could have: one quantile instead of 44."""
    tables = [moments(standardised(each, d, **kind)) for each in (first, second)]
    stderr = np.sqrt(sum(each.var(axis=0, ddof=1) / len(each) for each in tables))
    return judge(
        tables[0].mean(axis=0), tables[1].mean(axis=0), stderr, dof=min(map(len, tables)) - 1, comparisons=share,
        scale=np.ones(44),
    )


def check_laws(d: int, runs: int, within: float, **kind: Any) -> None:
    """All first and second moments and all laws, scalars and outputs: 1e-6 over everything in this test."""
    vectors = directly(runs, d=d, seed=20231005, **kind)
    drawn = draw(d=d, seeds=runs, seed=77, **kind)
    laws = {name: getattr(drawn, name) for name in ARRAYS}
    if d >= 20:
        # Below, products are too heavy-tailed for a Student quantile; the laws need no such assumption.
        verdict = same_moments(vectors, laws, d, 2, **kind)
        print(verdict)
        assert_agrees(verdict, within=within)
    measured = GramStatistics(d=d, **kind, **vectors)
    first, second = {**vectors, **outputs(measured)}, {**laws, **outputs(drawn)}
    for name in first:
        if not np.ptp(first[name]) and not np.ptp(second[name]):
            assert first[name][0] == second[name][0]
            continue
        law = compare_laws(first[name], second[name], comparisons=2 * len(first))
        print(name, law)
        assert_agrees(law, within=0.10)


@pytest.mark.parametrize(
    ("d", "kind"),
    [
        (1, {"n": 3, "draws": 2}), (2, {"n": 2, "draws": 1}), (20, {"n": 3, "draws": 2}),
        (20, {"n": 1, "draws": 3}), (200, {"n": 3, "draws": 2}),
    ],
)
def test_drawn_and_measured_scalars_have_one_law(d: int, kind: dict[str, int]) -> None:
    check_laws(d, 20_000 if d < 200 else 8_000, 0.35 if d < 200 else 0.5, sigma=0.9, radius=1.3, **kind)


@pytest.mark.slow
@pytest.mark.parametrize(("d", "runs"), [(20, 400_000), (200, 200_000), (2000, 20_000)])
def test_drawn_and_measured_scalars_have_one_law_sharply(d: int, runs: int) -> None:
    check_laws(d, runs, 0.10 if d < 2000 else 0.25, **KIND)


@pytest.mark.parametrize("wrong", ["n d within", "d off mu", "draws forgotten"])
def test_a_wrong_law_is_refused(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison above sees each of these slips at d = 20."""
    true = sufficient.wishart

    def slipped(key: Any, many: int, freedom: int, first: float, second: float) -> Any:
        if wrong == "n d within" and freedom == 40:
            freedom = 60
        if wrong == "d off mu" and freedom == 19:
            freedom = 20
        return true(key, many, freedom, first, second)

    monkeypatch.setattr(sufficient, "wishart", slipped)
    if wrong == "draws forgotten":
        without = sufficient.chi_squared
        monkeypatch.setattr(
            sufficient, "chi_squared", lambda key, many, freedom: without(key, many, 0 if freedom == 60 else freedom)
        )
    drawn = draw(d=20, seeds=20_000, seed=77, **KIND)
    laws = {name: getattr(drawn, name) for name in ARRAYS}
    verdict = same_moments(directly(20_000, d=20, seed=20231005, **KIND), laws, 20, 2, **KIND)
    print(verdict)
    assert not verdict.passed


def test_variances_over_data_sets_are_those_of_the_delta_method() -> None:
    """d times the variance, at d = 1e8, against the values in this project's notes (8 digits)."""
    many, d = 200_000, 10**8
    statistics = draw(n=4, d=d, sigma=0.9, seeds=many, seed=5)
    found = {
        **networks.denoisers(statistics, alpha=0.5, beta=0.5, ridge=0.1)._asdict(),
        **networks.generated(statistics, ridge=0.1)._asdict(),
    }
    expected = {
        "skip": 0.31369888, "overlap_mean": 0.17752219, "overlap_noise": 0.11350931, "overlap_sample": 0.14017423,
        "generated_variance": 0.89672934, "mean_error": 0.36046758,
    }
    law = {"n": 4, "sigma": 0.9, "ridge": 0.1, "draws": 1, "radius": 1.0}
    squares = []
    for name in expected:
        at = law if name in networks.Generated._fields else {**law, "alpha": 0.5, "beta": 0.5}
        limit = float(getattr(limited_samples, name)(**at))
        squares.append(d * (found[name].reshape(many) - limit) ** 2)
    verdict = compare_mean(np.array(squares).T, list(expected.values()))
    print(verdict)
    assert_agrees(verdict, within=0.03)


def test_a_data_set_does_not_depend_on_how_many_are_drawn() -> None:
    few, many = (draw(n=4, d=30, sigma=0.9, draws=2, seeds=seeds, seed=5) for seeds in (3, 1000))
    other = draw(n=4, d=30, sigma=0.9, draws=2, seeds=3, seed=6)
    for name in ARRAYS:
        assert np.array_equal(getattr(few, name), getattr(many, name)[:3]), name
        assert not np.intersect1d(getattr(few, name), getattr(other, name)).size
    again = draw(n=4, d=30, sigma=0.9, draws=2, seeds=3, seed=np.random.SeedSequence(5))
    assert np.array_equal(again.within_cross, few.within_cross)
    sizes = [draw(n=n, d=d, sigma=0.9, seeds=3, seed=5).within_cross for n, d in ((4, 30), (5, 30), (4, 31))]
    assert len(np.unique(np.concatenate(sizes))) == 9


def test_any_n_and_d_at_all() -> None:
    """With n = d = 1e12 the limit is met to 1e-11, and no difference of large numbers spoils it."""
    statistics = draw(n=10**12, d=10**12, sigma=1.5, radius=1.3, draws=2, seeds=4, seed=0)
    law = {"n": 10**12, "sigma": 1.5, "ridge": 0.3, "draws": 2, "radius": 1.3}
    for name, value in networks.generated(statistics, ridge=0.3)._asdict().items():
        assert np.allclose(value, float(getattr(limited_samples, name)(**law)), rtol=1e-5, atol=0), name
    found = networks.denoisers(statistics, alpha=0.5, beta=0.5, ridge=0.3)
    skip = float(limited_samples.skip(alpha=0.5, beta=0.5, **law))
    assert np.allclose(found.skip, skip, rtol=1e-11)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"n": 1}, ValueError, r"n \* draws = 1"), ({"n": 0}, ValueError, "n = 0 must be >= 1"),
        ({"d": 0}, ValueError, "d = 0 must be >= 1"), ({"d": 1.5}, TypeError, "d = 1.5 must be an integer"),
        ({"d": 10**20}, ValueError, "d = 1" + "0" * 20 + " must be <= 9007199254740992"),
        ({"draws": 10**20}, ValueError, "draws = 1"), ({"sigma": 0.0}, ValueError, "sigma = 0.0"),
        ({"sigma": 1e20}, ValueError, "sigma = 1e"), ({"radius": -1.0}, ValueError, "radius = -1.0"),
        ({"seeds": 0}, ValueError, "seeds = 0"), ({"seed": -1}, ValueError, "seed = -1"),
    ],
)
def test_bad_draws(change: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        draw(**{"n": 2, "d": 10, "sigma": 1.0, "seeds": 2, "seed": 0, **change})


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"within_cross": np.zeros(3)}, ValueError, r"within_cross has shape \(3,\)"),
        ({"noise_noise": np.array([1.0, -1.0])}, ValueError, "noise_noise holds -1.0"),
        ({"noise_mean": np.array([1.0, np.nan])}, ValueError, "noise_mean holds values that are not finite"),
        ({"sample_mean": np.zeros((2, 2))}, ValueError, "sample_mean has shape"),
        ({"n": 1, "draws": 1}, ValueError, "not attained"),
    ],
)
def test_bad_statistics(change: dict[str, Any], error: type[Exception], words: str) -> None:
    good = draw(seeds=2, seed=0, d=5, **KIND)
    given_fields = {"d": 5, **KIND, **{name: getattr(good, name) for name in ARRAYS}}
    with pytest.raises(error, match=words):
        GramStatistics(**{**given_fields, **change})


def test_bad_data_sets_to_measure() -> None:
    with pytest.raises(ValueError, match="samples is empty"):
        GramStatistics.of([])
    with pytest.raises(TypeError, match="samples must be Samples, not int"):
        GramStatistics.of([1])  # type: ignore[list-item]
    pair = [Mixture(d=4, sigma=1.0).sample(n=n, seed=0) for n in (2, 3)]
    with pytest.raises(ValueError, match="different mixtures, n or draws"):
        GramStatistics.of(pair)
