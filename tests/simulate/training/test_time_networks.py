"""Networks that know the time: what they predict, how they are trained, and that training resumes to the bit."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from asymptotics.schedule import Interpolant, linear, ornstein_uhlenbeck, trigonometric, variance_preserving
from asymptotics.symbols import t
from simulate.images import IsClass, Labels, RandomAffine, SmallClassifier, UNet, digits, seeded, train_classifier
from simulate.path import Schedule
from simulate.training import FitRecipe, ModelVelocity, PiecewiseTimes, fit, interval_times, train_model, uniform_times
from simulate.training.time_networks import _Loss
from simulate.uturn import Uturn, return_curves

CURVED = Interpolant(1 - t**2, t * (2 - t), name="curved")
POINTS = torch.from_numpy(np.random.default_rng(1).standard_normal((50, 3)) * 0.7 + [1.0, -2.0, 0.5])


class Gaussian(nn.Module):
    """Exact for points of N(mean, width^2 I), of which it learns the mean: E[x0|x], E[x1|x] or the velocity."""

    def __init__(self, predicts: str, schedule: Schedule, mean: Any = (0.0, 0.0, 0.0), width: float = 0.7) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.tensor(mean, dtype=torch.float64))
        self.predicts, self.schedule, self.width = predicts, schedule, width

    def forward(self, x: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        values = self.schedule.at(times.numpy())
        alpha, beta, dalpha, dbeta = (
            torch.from_numpy(np.broadcast_to(each, len(x)).copy())[:, None]
            for each in (values.alpha, values.beta, values.dalpha, values.dbeta)
        )
        rest, spread = x - beta * self.mean, alpha**2 + beta**2 * self.width**2
        noise, data = alpha * rest / spread, self.mean + beta * self.width**2 * rest / spread
        return {"noise": noise, "data": data, "velocity": dalpha * noise + dbeta * data}[self.predicts]


@pytest.mark.parametrize("schedule", [linear, trigonometric, CURVED, ornstein_uhlenbeck, variance_preserving])
@pytest.mark.parametrize("predicts", ["noise", "data"])
def test_predictions_have_one_velocity(predicts: str, schedule: Interpolant) -> None:
    x = torch.randn(20, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    for time in (0.1, 0.5, 0.9):
        one, other = (
            ModelVelocity(Gaussian(kind, schedule, (0.3, -1.0, 2.0)), schedule, kind)(x, time)
            for kind in (predicts, "velocity")
        )
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("times", [None, interval_times(0.2, 0.6, share=0.8)])
@pytest.mark.parametrize(("predicts", "weighted"), [("noise", False), ("data", True), ("velocity", False)])
def test_training_finds_the_mean(predicts: str, weighted: bool, times: Any) -> None:
    """Of the points, whatever the times: the loss is quadratic in it. Averaged updates leave a scatter of .017 over
    seeds at most (12 runs of each case); .1 is 5.9 of it, a false failure in 7e-8 of 18 comparisons, and what is seen.
    """
    recipe = FitRecipe(updates=800, batch=50, rate=0.03, average=0.99)
    found = train_model(
        Gaussian(predicts, linear), POINTS, linear, seed=1, recipe=recipe, predicts=predicts, times=times,
        weighted=weighted,
    )
    np.testing.assert_allclose(found.network.mean.numpy(force=True), POINTS.mean(dim=0).numpy(), atol=0.1)


def test_weights_leave_the_mean_of_the_loss() -> None:
    """Of a fixed network: weighted draws of an interval against uniform ones, within 6 standard errors."""
    network = Gaussian("noise", linear, (0.5, 0.5, 0.5))
    found = []
    late = interval_times(0.7, 0.9)
    for times, weighted in ((uniform_times(), False), (late, True), (late, False)):
        loss = _Loss(POINTS, linear, "noise", times, None, weighted)
        values = np.array([float(loss(network, np.random.default_rng(k), 500).detach()) for k in range(60)])
        found.append((values.mean(), values.std() / 60**0.5))
    (plain, a), (weighted_, b), (other, c) = found
    assert abs(plain - weighted_) < 6 * (a**2 + b**2) ** 0.5
    assert abs(plain - other) > 6 * (a**2 + c**2) ** 0.5  # Without weights it is another loss.


class Dropping(nn.Module):
    """With dropout and buffers, one of them outside its state_dict: what torch draws and counts must come back too."""

    def __init__(self, power: float = 1.0) -> None:
        super().__init__()
        self.power = power
        self.register_buffer("mean", torch.zeros(3), persistent=False)
        self.layers = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.Dropout(0.3), nn.SiLU(), nn.Linear(16, 3))

    def forward(self, x: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.layers(torch.cat([x, times[:, None]], dim=1)) * self.power
        if self.training:
            self.mean.lerp_(found.detach().mean(dim=0), 0.1)
        return found + self.mean


def _train(change: Any = None, dtype: torch.dtype = torch.float64, **more: Any) -> Any:
    network = seeded(Dropping, seed=2).to(dtype)
    if change is not None:
        change(network)
    recipe = FitRecipe(updates=60, batch=16, record_every=10)
    return train_model(network, POINTS.to(dtype), linear, seed=3, recipe=recipe, keep=(25, 40), **more)


def _same(one: Any, two: Any) -> None:
    assert (one.recorded, one.losses) == (two.recorded, two.losses) and list(one.kept) == list(two.kept)
    for a, b in zip([one.network, *one.kept.values()], [two.network, *two.kept.values()], strict=True):
        pairs = zip([*a.parameters(), *a.buffers()], [*b.parameters(), *b.buffers()], strict=True)
        assert all(torch.equal(x, y) for x, y in pairs)


class _Killed(BaseException):
    pass


@pytest.mark.parametrize("at", [10, 40, 60])
def test_it_goes_on_to_the_same_bits(at: int, tmp_path: Path) -> None:
    from simulate.runs import Checkpoint

    def stop(update: int, loss: float) -> None:
        if update == at:
            raise _Killed

    state = torch.random.get_rng_state()
    whole = _train()
    with pytest.raises(_Killed):
        _train(checkpoint=Checkpoint(tmp_path / "c", seconds=0), progress=stop)
    _same(_train(checkpoint=tmp_path / "c"), whole)
    _same(_train(checkpoint=tmp_path / "c"), whole)
    assert torch.equal(torch.random.get_rng_state(), state), "torch's own generator was used"
    for other in ({"weighted": True}, {"change": lambda n: setattr(n, "power", 2.0)}, {"dtype": torch.float32},
                  {"change": lambda n: n.layers[0].weight.requires_grad_(False)}):
        with pytest.raises(ValueError, match="other data, settings or seed"):
            _train(checkpoint=tmp_path / "c", **other)


def test_short_floats_come_back(tmp_path: Path) -> None:
    whole = _train(dtype=torch.bfloat16)
    _same(_train(dtype=torch.bfloat16, checkpoint=tmp_path / "c"), whole)
    _same(_train(dtype=torch.bfloat16, checkpoint=tmp_path / "c"), whole)


def test_what_is_kept() -> None:
    """The average after that many updates, as a shorter run ends with; the given network stays as it is."""
    network = seeded(Dropping, seed=2).double()
    before = {name: each.clone() for name, each in network.state_dict().items()}
    long = _train()
    short = train_model(network, POINTS, linear, seed=3, recipe=FitRecipe(updates=25, batch=16))
    for one, two in zip(long.kept[25].state_dict().values(), short.network.state_dict().values(), strict=True):
        assert torch.equal(one, two)
    assert all(torch.equal(each, before[name]) for name, each in network.state_dict().items())
    assert not any(each.training for each in (long.network, *long.kept.values()))


@pytest.mark.parametrize("size", [(1, 8, 8), (3, 28, 28), (2, 7, 5)])
@pytest.mark.parametrize("levels", [1, 2, 3])
def test_unets_keep_the_shape(size: tuple[int, int, int], levels: int) -> None:
    network = UNet(size[0], width=8, levels=levels).double()
    x = torch.randn(4, *size, dtype=torch.float64)
    one, two = (network(x, torch.full((4,), time, dtype=torch.float64)) for time in (0.2, 0.7))
    assert one.shape == x.shape and not torch.allclose(one, two)
    assert SmallClassifier(size, 3)(x.float()).shape == (4, 3)


def test_seeded_networks_are_the_same() -> None:
    state = torch.random.get_rng_state()
    one, two, three = (seeded(lambda: UNet(), seed=k).state_dict().values() for k in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(one, three, strict=True))
    assert torch.equal(torch.random.get_rng_state(), state)


class _Fixed:
    """A generator that gives the four amounts it was told."""

    def __init__(self, *amounts: float) -> None:
        self.amounts = np.array(amounts)[:, None]

    def standard_normal(self, shape: tuple[int, int]) -> np.ndarray:
        return np.broadcast_to(self.amounts, shape)


def test_jiggles() -> None:
    """Nothing is nothing; a shift by whole pixels moves them; a quarter turn turns, on wide images too."""
    pixels = torch.rand(2, 1, 6, 6, dtype=torch.float64) * 2 - 1
    whole = RandomAffine(angle=1.0, zoom=0.1, shift=1.0)
    torch.testing.assert_close(whole(pixels, _Fixed(0, 0, 0, 0)), pixels)  # type: ignore[arg-type]
    moved = whole(pixels, _Fixed(0, 0, 1, -2))  # type: ignore[arg-type]
    torch.testing.assert_close(moved[:, :, 2:, :-1], pixels[:, :, :-2, 1:])
    torch.testing.assert_close(moved[:, :, :2], torch.full_like(moved[:, :, :2], -1.0))
    torch.testing.assert_close(moved[..., -1], torch.full_like(moved[..., -1], -1.0))
    turned = whole(pixels, _Fixed(np.pi / 2, 0, 0, 0))  # type: ignore[arg-type]
    torch.testing.assert_close(turned, torch.rot90(pixels, 1, (2, 3)))
    wide = torch.full((1, 1, 9, 21), -1.0, dtype=torch.float64)
    wide[..., 3:6, 9:12] = 1.0  # A square about the centre stays one.
    torch.testing.assert_close(whole(wide, _Fixed(np.pi / 2, 0, 0, 0)), wide)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="angle = -1"):
        RandomAffine(angle=-1)


def test_digits_from_start_to_end() -> None:
    """Classifier, generator and U-turn starts from disjoint images; returns are the theory's at both ends of time."""
    two = digits().only(0, 1)
    parts = two.parts({"classifier": 0.35, "generator": 0.45, "starts": 0.2}, seed=1)
    recipe = FitRecipe(updates=120, rate=3e-3)
    labels = train_classifier(parts["classifier"], seed=2, augment=RandomAffine(), recipe=recipe)
    assert labels.accuracy(parts["starts"]) > 0.9
    assert labels.confusion(parts["starts"]).sum(axis=1).tolist() == list(parts["starts"].counts().values())
    data = parts["generator"].weighted({0: 0.8, 1: 0.2}, seed=3)
    assert data.counts()[0] == 4 * data.counts()[1]
    network = train_model(
        seeded(lambda: UNet(width=8), seed=4), data.pixels, linear, seed=5, augment=RandomAffine(),
        recipe=FitRecipe(updates=60, batch=32),
    ).network
    starts = {str(k): parts["starts"].only(k).pixels for k in (0, 1)}
    found = return_curves(
        Uturn(schedule=linear, method="ancestral", steps=8, clones=10), ModelVelocity(network, linear), starts,
        IsClass(labels, 0), times=[0.05, 0.97], seed=6, progress=False,
    )
    (early, late), (error, _) = found["fraction"].values, found["fraction_stderr"].values
    assert late[0] > 0.9 and late[1] < 0.1
    # Where noise is nearly all there is, starts are forgotten: within 5 standard errors (6e-7), .5 at most.
    assert abs(early[0] - early[1]) < 5 * np.hypot(*error) < 0.5


def _nan(x: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
    return x * float("nan")


class _Wrong(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x: torch.Tensor, times: torch.Tensor | None = None) -> torch.Tensor:
        return self.weight * x.flatten(1)[:, :1]


X = torch.zeros(2, 3)


@pytest.mark.parametrize(("do", "error", "words"), [
    (lambda: ModelVelocity(_nan, linear)(X, 0.3), FloatingPointError, "_nan gives values that are not finite at t = 0"),
    (lambda: ModelVelocity(_Wrong(), linear)(X, 0.3), ValueError, r"_Wrong maps \(2, 3\) to \(2, 1\); both must agree"),
    (lambda: ModelVelocity(lambda x, s: 3, linear)(X, 0.3), TypeError, "gives a int; it must map x"),
    (lambda: ModelVelocity(lambda x, s: x.double(), linear)(X, 0.3), TypeError, "to torch.float64 on cpu; both must"),
    (lambda: ModelVelocity(Dropping(), linear), ValueError, "model Dropping is in training mode, with dropout"),
    (lambda: train_model(_Wrong(), X, linear, times=PiecewiseTimes((0, 0.5, 1), (0, 1)), weighted=True, seed=1),
     ValueError, "the density of times vanishes somewhere"),
    (lambda: ModelVelocity(3, linear), TypeError, "model must be a callable of x and t, not int"),
    (lambda: ModelVelocity(_nan, linear, "nois"), ValueError, "predicts = 'nois'"),
    (lambda: ModelVelocity(lambda x, s: x, linear, "noise")(X, 0.0), ValueError, "predicted noise leaves the velocity"),
    (lambda: train_model(_Wrong(), X, linear, seed=1), ValueError, "_Wrong maps"),
    (lambda: train_model(_Wrong(), X * float("nan"), linear, seed=1), ValueError, "points must be finite"),
    (lambda: train_model(_nan, X, linear, seed=1), TypeError, "network must be a torch.nn.Module, not function"),
    (lambda: train_model(_Wrong(), [1], linear, seed=1), TypeError, "points must be a floating-point tensor"),
    (lambda: train_model(_Wrong(), X, ornstein_uhlenbeck, seed=1), ValueError, "has no finite interval: give times"),
    (lambda: train_model(_Wrong(), X, linear, times=uniform_times(0, 2), seed=1), ValueError, r"leave \[0, 1\] of"),
    (lambda: train_model(_Wrong(), X, linear, times=3, seed=1), TypeError, "must be a density of times"),
    (lambda: train_model(_Wrong(), X, linear, keep=(2000,), seed=1), ValueError, "keep = 2000 must be <= 1600"),
    (lambda: FitRecipe(average=1.0), ValueError, "average = 1 would never leave"),
    (lambda: FitRecipe(batch=0), ValueError, "batch = 0 must be >= 1"),
    (lambda: UNet(width=6), ValueError, "width = 6 must be a multiple of 4"),
    (lambda: train_classifier(digits().only(3), seed=1), ValueError, "images are all of class 3"),
    (lambda: IsClass(Labels(_Wrong(), (0, 1)), 2), ValueError, "label = 2 is none of the classes"),
    (lambda: Labels(_Wrong(), (0, 1))(X), ValueError, r"classifier _Wrong gives \(2, 1\) for 2 points; scores"),
    (lambda: Labels(_Wrong(), (7,))(X * float("nan")), FloatingPointError, "scores that are not finite"),
    (lambda: fit(_Wrong(), lambda *a: a[0].weight.sum() * float("nan"), recipe=FitRecipe(), seed=1, mark=0),
     FloatingPointError, "loss = nan at update 1: take a smaller rate"),
    (lambda: fit(_Wrong(), lambda *a: 3.0, recipe=FitRecipe(), seed=1, mark=0), TypeError, "loss gives a float; it"),
    (lambda: fit(_Wrong(), lambda *a: a[0].weight.detach().sum(), recipe=FitRecipe(), seed=1, mark=0), TypeError,
     r"loss gives a tensor \(\); it must be a scalar tensor that depends on a parameter of _Wrong"),
    (lambda: fit(_Wrong(), lambda *a: (0 * a[0].weight).abs().sum().sqrt(), recipe=FitRecipe(updates=1), seed=1,
                 mark=0), FloatingPointError, "weight of _Wrong is not finite after update 1, though the loss was"),
])
def test_bad_input(do: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        do()
