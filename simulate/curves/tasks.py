"""One data set's worth of measurements: what a worker does. Small, and it can be sent to a process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulate.autoencoder import Autoencoder, Learner, cluster_law, labels_match, overlaps, test_error, training_loss
from simulate.flow import stage_times
from simulate.memory import require_vectors
from simulate.mixture import Mixture, Samples
from simulate.path import Schedule, Table, point, tabulate
from simulate.runs import Measured
from simulate.seeds import child
from simulate.training import ExactLearner, Recipe, TrainedLearner, Training

# Vectors held at once beside the data themselves while a minimiser is solved for, in data sets.
_COPIES = 4
# Streams below the seed of one run.
_SAMPLES, _FRESH, _WEIGHTS = range(3)


@dataclass(frozen=True, eq=False, kw_only=True)
class Setting:
    """What a run needs to know to draw its data and learn from them; ``recipe`` None: the exact
    solve.
    """

    mixture: Mixture
    n: int
    draws: int
    ridge: float
    schedule: Table
    seed: np.random.SeedSequence
    skip: bool
    recipe: Recipe | None
    activation: str

    def require_memory(self) -> None:
        """MemoryError where the run could never fit."""
        require_vectors(self.mixture.d, self.n, self.draws, copies=_COPIES)

    def samples(self) -> Samples:
        return self.mixture.sample(n=self.n, draws=self.draws, seed=child(self.seed, _SAMPLES))

    def learner(self, samples: Samples, trainings: list[Training], times: Sequence[float]) -> Learner:
        """What learns from ``samples`` at ``times``; the record of every training is appended to ``trainings``."""
        if self.recipe is None:
            return ExactLearner(
                samples=samples, schedule=self.schedule, ridge=self.ridge, skip=self.skip
            )
        return TrainedLearner(
            samples=samples, schedule=self.schedule, ridge=self.ridge, recipe=self.recipe,
            seed=child(self.seed, _WEIGHTS), activation=self.activation, skip=self.skip,
            observe=trainings.append, together=tuple(times),
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class DenoiserTask:
    """Learn at every time and measure the network; ``fresh`` pairs for the test error."""

    setting: Setting
    times: tuple[float, ...]
    fresh: int

    def run(self) -> Measured:
        setting = self.setting
        samples = setting.samples()
        unseen = samples.fresh(n=self.fresh, seed=child(setting.seed, _FRESH))
        trainings: list[Training] = []
        learner = setting.learner(samples, trainings, self.times)
        rows = []
        for time in self.times:
            network, values = learner(time), point(setting.schedule, time)
            rows.append({
                **overlaps(network, samples, values)._asdict(),
                "training_loss": training_loss(network, samples, values, ridge=setting.ridge),
                "test_error": test_error(network, unseen, values).value,
                "label_flips": float(not labels_match(network, samples, values)),
                **_convergence(trainings[-1:]),
            })
        return {name: np.array([row[name] for row in rows]) for name in rows[0]}


@dataclass(frozen=True, eq=False, kw_only=True)
class GenerationTask:
    """Learn along the grid, carry the + cluster over it and measure the law that is generated."""

    setting: Setting
    grid: tuple[float, ...]
    method: str

    def run(self) -> Measured:
        setting = self.setting
        samples = setting.samples()
        trainings: list[Training] = []
        learner = setting.learner(samples, trainings, stage_times(np.array(self.grid), self.method).ravel().tolist())
        flips: list[bool] = []

        def watched(time: float) -> Autoencoder:
            network = learner(time)
            flips.append(not labels_match(network, samples, point(setting.schedule, time)))
            return network

        law = cluster_law(watched, samples, setting.schedule, self.grid, method=self.method)
        along_mean, along_noise, along_sample = law.overlaps.T
        return {
            "mean_error": np.array(law.centre_error),
            "generated_variance": np.array(law.generated_variance),
            "mean_cosine": np.array(law.centre_cosine),
            "flow_mean": along_mean,
            "flow_noise": along_noise,
            "flow_sample": along_sample,
            "flow_variance": law.factor**2,
            "label_flips": np.array(np.mean(flips)),
            **{name: np.array(value) for name, value in _convergence(trainings).items()},
        }


def whole_path(schedule: Schedule, steps: int, method: str) -> tuple[NDArray[np.float64], Table]:
    """``steps`` equal steps over the schedule's interval, and the schedule at all times that ``method`` asks for."""
    if not np.isfinite([float(schedule.start), float(schedule.end)]).all():
        raise ValueError(f"schedule {schedule.name!r} has no finite interval to step over")
    grid = np.linspace(float(schedule.start), float(schedule.end), steps + 1)
    stages = stage_times(grid, method)
    return grid, tabulate(schedule, mixes=np.concatenate([grid, stages.ravel()]), motions=stages)


def _convergence(trainings: list[Training]) -> dict[str, float]:
    """The share that did not converge and the largest excess; nothing where nothing was trained."""
    if not trainings:
        return {}
    return {
        "unconverged": float(np.mean([not each.converged for each in trainings])),
        "excess_loss": max(each.excess for each in trainings),
    }
