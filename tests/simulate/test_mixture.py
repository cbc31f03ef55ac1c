"""Data: seeds, shapes, laws, and what hand-made vectors must satisfy."""

import numpy as np
import pytest
import torch

from asymptotics.calibration import assert_agrees, compare_laws, compare_mean
from simulate import Mixture, Point, Samples, memory
from simulate.seeds import child, normal

MIXTURE = Mixture(d=30, sigma=0.7, radius=1.3, p=0.6)


def test_the_same_seed_gives_the_same_data_whatever_was_drawn_before() -> None:
    seed = np.random.SeedSequence(5)
    first, second = MIXTURE.sample(n=4, draws=3, seed=seed), MIXTURE.sample(n=4, draws=3, seed=seed)
    plain = MIXTURE.sample(n=4, draws=3, seed=5)
    for name in ("labels", "data", "noise"):
        assert torch.equal(getattr(first, name), getattr(second, name))
        assert torch.equal(getattr(first, name), getattr(plain, name))
    other = MIXTURE.sample(n=4, draws=3, seed=6)
    assert not torch.equal(first.data, other.data) and not torch.equal(first.noise, other.noise)


def test_more_samples_continue_fewer_and_draws_leave_the_data_alone() -> None:
    few, many = MIXTURE.sample(n=3, seed=1), MIXTURE.sample(n=8, seed=1)
    for name in ("labels", "data", "noise"):
        assert torch.equal(getattr(few, name), getattr(many, name)[:3])
    assert torch.equal(MIXTURE.sample(n=3, draws=4, seed=1).data, few.data)


def test_float32_is_the_same_data_rounded() -> None:
    double, single = MIXTURE.sample(n=3, seed=1), MIXTURE.sample(n=3, seed=1, dtype=torch.float32)
    assert single.data.dtype == single.mean.dtype == single.noise.dtype == torch.float32
    assert torch.allclose(double.data.float(), single.data, rtol=3e-7, atol=3e-7)


def test_seeds_that_agree_in_their_low_32_bits_differ() -> None:
    assert not torch.equal(normal(5, (4,)), normal(5 + (7 << 32), (4,)))


def test_sums_are_what_they_say() -> None:
    samples = MIXTURE.sample(n=3, draws=2, seed=4)
    xi, eta, centre = torch.zeros(30), torch.zeros(30), torch.zeros(30)
    for m in range(3):
        s = samples.labels[m]
        eta = eta + s * (samples.data[m] - s * samples.mean)
        centre = centre + s * samples.data[m] / 3
        for k in range(2):
            xi = xi + s * samples.noise[m, k]
            mixed = 0.25 * samples.noise[m, k] + 0.75 * samples.data[m]
            assert torch.allclose(samples.mixed(Point(0.25, 0.75))[m, k], mixed, atol=1e-14)
            assert torch.equal(samples.targets[m, k], samples.data[m])
            assert samples.pair_labels[m, k] == s
    assert torch.allclose(samples.xi, xi, atol=1e-13)
    assert torch.allclose(samples.eta, eta, atol=1e-13)
    assert torch.allclose(samples.sample_mean, centre, atol=1e-13)


def test_laws_of_labels_data_and_noise() -> None:
    samples = Mixture(d=200, sigma=0.7, radius=1.3, p=0.6).sample(n=4000, draws=2, seed=11)
    spread = (samples.data - samples.labels[:, None] * samples.mean) / 0.7
    assert_agrees(compare_mean((samples.labels > 0).double(), 0.6, comparisons=5))
    for name, values in (("data", spread), ("noise", samples.noise)):
        assert_agrees(compare_mean(values.square().flatten(), 1.0, comparisons=5), within=0.05)
        from scipy.stats import norm

        verdict = compare_laws(values.flatten()[:200_000].numpy(), norm.cdf, comparisons=5)
        print(name, verdict)
        assert_agrees(verdict, within=0.02)


def test_a_fresh_set_shares_the_mean_and_nothing_else() -> None:
    samples = MIXTURE.sample(n=3, draws=2, seed=4)
    fresh = samples.fresh(n=5, seed=child(4, 9))
    assert torch.equal(fresh.mean, samples.mean) and (fresh.n, fresh.draws) == (5, 1)
    assert not torch.equal(fresh.data[:3], samples.data)


def test_hand_made_vectors_carry_their_radius() -> None:
    samples = Samples.from_arrays(
        mean=[3.0, 4.0], labels=[1, -1], data=np.eye(2), noise=np.ones((2, 1, 2)), sigma=0.5
    )
    assert samples.mixture.radius == pytest.approx(5 / 2**0.5, rel=1e-15)
    assert samples.pairs == 2 and samples.data.dtype == torch.float64


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"d": 0}, ValueError, "d = 0 must be >= 1"),
        ({"d": 2.0}, TypeError, "d = 2.0 must be an integer"),
        ({"d": True}, TypeError, "d = True"),
        ({"sigma": 0.0}, ValueError, "sigma = 0.0 must be > 0"),
        ({"sigma": float("nan")}, ValueError, "sigma = nan must be finite"),
        ({"sigma": "1"}, TypeError, "sigma = '1'"),
        ({"radius": -1.0}, ValueError, "radius = -1.0 must be > 0"),
        ({"radius": 1e-7}, ValueError, "radius = 1e-07 must be >= 1e-06: its square would drown"),
        ({"sigma": 1e7}, ValueError, r"sigma = 10000000.0 must be <= 1e\+06"),
        ({"p": 1.5}, ValueError, "p = 1.5 must be <= 1"),
    ],
)
def test_bad_mixtures(change: dict[str, object], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        Mixture(**{"d": 3, "sigma": 1.0, **change})  # type: ignore[arg-type]


def test_data_that_can_never_fit_are_refused_before_they_are_drawn(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "installed", lambda: 10_000)
    assert MIXTURE.sample(n=20, seed=0).n == 20
    with pytest.raises(MemoryError, match=r"d = 30 with n = 21 and draws = 1 needs about 9.84 KiB, this .* 9.77 KiB"):
        MIXTURE.sample(n=21, seed=0)
    with pytest.raises(MemoryError, match="take a smaller d, n or draws"):
        MIXTURE.sample(n=2, draws=30, seed=0)
    monkeypatch.setattr(memory, "installed", lambda: None)
    assert MIXTURE.sample(n=200, seed=0).n == 200


def test_the_memory_of_this_machine_is_known() -> None:
    there = memory.installed()
    assert there is not None and 2**26 < there < 2**50
    with pytest.raises(MemoryError, match="d = 1000000000000 "):
        Mixture(d=10**12, sigma=1.0).mean()


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"n": 0}, ValueError, "n = 0 must be >= 1"),
        ({"draws": 0}, ValueError, "draws = 0 must be >= 1"),
        ({"draws": 1.0}, TypeError, "draws = 1.0 must be an integer"),
        ({"seed": -1}, ValueError, "seed = -1 must be >= 0"),
        ({"seed": 1.5}, TypeError, "seed = 1.5"),
    ],
)
def test_bad_sampling(change: dict[str, object], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        MIXTURE.sample(**{"n": 2, "seed": 0, **change})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"mean": [0.0, 0.0]}, ValueError, "mean is 0"),
        ({"mean": [[1.0, 2.0]]}, ValueError, "mean has shape"),
        ({"labels": [1.0, 0.5]}, ValueError, "labels must be"),
        ({"data": np.ones((3, 2))}, ValueError, "data has shape .3, 2."),
        ({"data": np.full((2, 2), np.nan)}, ValueError, "data holds values that are not finite"),
        ({"noise": np.ones((2, 2))}, ValueError, "noise\\[:, None, :\\]"),
        ({"noise": "many"}, TypeError, "noise must be an array"),
        ({"sigma": -1.0}, ValueError, "sigma = -1.0"),
    ],
)
def test_bad_hand_made_vectors(change: dict[str, object], error: type[Exception], words: str) -> None:
    good = {
        "mean": [1.0, 1.0], "labels": [1.0, -1.0], "data": np.ones((2, 2)),
        "noise": np.ones((2, 1, 2)), "sigma": 1.0,
    }
    with pytest.raises(error, match=words):
        Samples.from_arrays(**{**good, **change})  # type: ignore[arg-type]


def test_mixed_dtypes_are_refused() -> None:
    one = MIXTURE.sample(n=2, seed=0)
    with pytest.raises(TypeError, match=r"noise is torch.float32"):
        Samples(MIXTURE, one.mean, one.labels, one.data, one.noise.float())


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ((0.5, 0.5), TypeError, "has no alpha"),
        (Point(-0.1, 0.5), ValueError, "alpha = -0.1 must be >= 0"),
        (Point(0.5, float("nan")), ValueError, "beta = nan must be finite"),
        (Point(0.0, 0.0), ValueError, "alpha = beta = 0"),
        (Point(np.ones(2), 0.5), TypeError, "alpha must be a single number"),  # type: ignore[arg-type]
    ],
)
def test_bad_schedule_values(values: object, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        MIXTURE.sample(n=2, seed=0).mixed(values)  # type: ignore[arg-type]
