"""Label flips in law: the same answers on the same vectors, the same frequencies as in d dimensions."""

from typing import Any

import numpy as np
import pytest

from asymptotics.calibration import assert_agrees, compare_laws, compare_mean, compare_two_samples
from asymptotics.schedule import linear
from simulate import Mixture, Point, compare, curves, memory
from simulate.autoencoder import labels_match, solve
from simulate.gram import GramStatistics, Pairs, draw, draw_with_pairs, label_flips
from simulate.gram.sufficient import ARRAYS
from simulate.seeds import child

KIND: dict[str, Any] = {"n": 3, "d": 40, "draws": 2, "sigma": 1.1, "radius": 0.7}


@pytest.mark.parametrize("skip", [True, False])
def test_on_the_same_vectors_the_same_labels_flip(skip: bool) -> None:
    alpha = np.array([1.0, 0.99, 0.9, 0.5, 0.1, 0.02, 0.0])
    mixture, seen = Mixture(d=40, sigma=1.1, radius=0.7), 0
    for k in range(60):
        samples = mixture.sample(n=3, draws=2, seed=k)
        found = label_flips(
            GramStatistics.of(samples), Pairs.of(samples), alpha=alpha, beta=1 - alpha, ridge=0.4, skip=skip
        )
        networks = [solve(samples, Point(x, 1 - x), ridge=0.4, skip=skip).network for x in alpha]
        expected = [
            not labels_match(network, samples, Point(x, 1 - x)) for network, x in zip(networks, alpha, strict=True)
        ]
        assert found[0].tolist() == expected
        seen += sum(expected)
    assert seen > 50


def test_drawn_pairs_have_the_law_of_measured_ones() -> None:
    """Each product, and its correlation with the statistics that share its vectors."""
    runs = 4000
    mixture = Mixture(d=40, sigma=1.1, radius=0.7)
    every = [mixture.sample(n=3, draws=2, seed=child(9, k)) for k in range(runs)]
    pairs, statistics = [Pairs.of(each) for each in every], GramStatistics.of(every)
    other, drawn = draw_with_pairs(**KIND, seeds=runs, seed=4)[::-1]
    first, second = (
        [each.sample_centre[:, 0], each.sample_noise[:, 1], each.noise_centre[:, 2, 0], each.noise_noise[:, 0, 1]]
        for each in (Pairs(d=40, **{
            name: np.concatenate([getattr(each, name) for each in pairs])
            for name in ("sample_centre", "sample_noise", "noise_centre", "noise_noise")
        }), other)
    )
    tables = []
    for products, block in ((first, statistics), (second, drawn)):
        squares = [each**2 * getattr(block, name) for each in products for name in ("within_sample", "within_cross")]
        tables.append(np.array([*products, *squares, *(getattr(block, name) for name in ARRAYS)]).T)
    total = 2 * tables[0].shape[1]
    for k in range(tables[0].shape[1]):
        assert_agrees(compare_laws(tables[0][:, k], tables[1][:, k], comparisons=total), within=0.15)
    spread = tables[1].std(axis=0)
    verdict = compare_two_samples(*(each / spread for each in tables), comparisons=2, scale=np.ones(total // 2))
    print(verdict)
    assert_agrees(verdict, within=0.25)


def test_the_sum_of_the_pairs_is_the_statistics() -> None:
    """What the pairs add up to: n draws times |x1bar|^2, x1bar.x0bar, |x0bar|^2, in every data set."""
    statistics, pairs = draw_with_pairs(**KIND, seeds=50, seed=4)
    for name, expected in (
        ("sample_centre", statistics.centre_centre), ("sample_noise", statistics.centre_noise),
        ("noise_centre", statistics.centre_noise), ("noise_noise", statistics.noise_noise),
    ):
        assert np.allclose(getattr(pairs, name).reshape(50, -1).mean(axis=1), expected, atol=1e-14), name


def test_flips_are_as_frequent_as_in_d_dimensions() -> None:
    times = [0.1, 0.5, 0.95]
    shared: dict[str, Any] = {"n": [3], "draws": 2, "ridge": 0.4, "schedule": linear, "times": times, "seed": 1}
    mixture = Mixture(d=50, sigma=0.9, radius=1.3)
    measured = curves.denoiser(mixture, seeds=600, fresh=2, progress=False, keep_runs=True, **shared)
    drawn = curves.reduced_denoiser(mixture, seeds=20_000, labels=True, keep_runs=True, **shared)
    runs = [each.label_flips_runs.values[0][:, [0, 2]] for each in (measured, drawn)]
    verdict = compare_two_samples(*runs, scale=np.ones(2))
    print(verdict)
    assert_agrees(verdict, within=0.20)
    assert drawn.label_flips.values[0, 0] > 0.5 > 0.001 > drawn.label_flips.values[0, 1]
    assert drawn.attrs["method"].endswith("labels checked against margins drawn with it")
    assert drawn.label_flips.attrs == measured.label_flips.attrs

    class Flat:
        name, arguments = "limited_samples.skip", ()

        def __call__(self) -> float:
            return 0.0

    assert "not self-consistent" in compare(drawn, Flat()).attrs["verdict"]


def test_near_the_data_end_flips_do_not_die_out() -> None:
    """At alpha = d^(-1/2) their share is of order 1 at every d; at alpha = .3 d^(-1/4) it falls to nothing."""
    found = []
    for d in (200, 12_800, 10**8):
        alpha = np.array([d**-0.5, 0.3 * d**-0.25])
        statistics, pairs = draw_with_pairs(n=4, d=d, sigma=0.9, seeds=4000, seed=1)
        found.append(label_flips(statistics, pairs, alpha=alpha, beta=1 - alpha, ridge=0.1).mean(axis=0))
    assert all(0.12 < near < 0.24 for near, _ in found)
    assert 0.10 < found[0][1] < 0.17 and found[1][1] < 0.003 and found[2][1] == 0.0


def test_reproducible_and_the_law_of_draw() -> None:
    few, many = (draw_with_pairs(**KIND, seeds=seeds, seed=4) for seeds in (3, 5000))
    assert all(np.array_equal(getattr(few[0], name), getattr(many[0], name)[:3]) for name in ARRAYS)
    assert np.array_equal(few[1].noise_centre, many[1].noise_centre[:3])
    plain = draw(**KIND, seeds=5000, seed=5)
    for name in ARRAYS:
        verdict = compare_laws(getattr(many[0], name), getattr(plain, name), comparisons=len(ARRAYS) + 1)
        assert_agrees(verdict, within=0.15)
    flat = draw_with_pairs(**{**KIND, "d": 2}, seeds=100_000, seed=1)[0]
    expected = 1.1**2 * 2 / 3
    assert_agrees(compare_mean(flat.within_sample, expected, comparisons=len(ARRAYS) + 1))


def test_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="d = 1 must be >= 2"):
        draw_with_pairs(**{**KIND, "d": 1}, seeds=2, seed=0)
    with pytest.raises(MemoryError, match=r"seeds = 2 with n = 1000000000000 and draws = 2 needs about"):
        draw_with_pairs(**{**KIND, "n": 10**12}, seeds=2, seed=0)
    monkeypatch.setattr(memory, "installed", lambda: None)
    statistics, pairs = draw_with_pairs(**KIND, seeds=2, seed=0)
    with pytest.raises(ValueError, match=r"= \(\d+, 2, 3, 2\), the statistics of \(\d+, 3, 3, 2\)"):
        label_flips(draw(**KIND, seeds=3, seed=0), pairs, alpha=0.5, beta=0.5, ridge=0.1)
    with pytest.raises(ValueError, match=r"the statistics of \(77, 2, 3, 2\)"):
        label_flips(draw(**{**KIND, "d": 77}, seeds=2, seed=0), pairs, alpha=0.5, beta=0.5, ridge=0.1)
    fields: dict[str, Any] = dict(vars(pairs))
    with pytest.raises(ValueError, match=r"sample_noise has shape \(1, 3\)"):
        Pairs(**{**fields, "sample_noise": fields["sample_noise"][:1]})
    with pytest.raises(ValueError, match="noise_noise holds values that are not finite"):
        Pairs(**{**fields, "noise_noise": np.nan * fields["noise_noise"]})
    with pytest.raises(TypeError, match="labels = 1 must be True or False"):
        curves.reduced_denoiser(
            Mixture(d=5, sigma=1.0), n=[2], ridge=0.1, schedule=linear, times=[0.5], seeds=2, seed=0, labels=1,  # type: ignore[arg-type]
        )
    assert statistics.seeds == 2
