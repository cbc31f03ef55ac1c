"""Balance of modes: flow-assisted training against persistent chains, seed by seed, and what an iteration costs.

One sweep of all targets, dimensions, methods and seeds on two processes, kept in a store if one is named.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import xarray as xr

from asymptotics.command_line import table_lines
from benchmarks.measure import Result, in_turn, seconds
from simulate.balance import PLANE, BalancePlan, Make, balance_tasks, dataset, digit_target, off_on_the_way, table
from simulate.energy import NEGATIVES, EnergyModel, Target, network as energy_network, train as train_energy, two_modes
from simulate.runs import Run, Store, execute, workers
from simulate.sampler import GaussianMixtureLaw

SEEDS, PROCESSES = 4, 2
WEIGHTS = (0.8, 0.95)
"""Of the first of two modes."""


@dataclass(frozen=True)
class Bars:
    """Every seed must hold them: difference of the weight from the data's, divergence in nats, acceptance."""

    weight: float
    divergence: float
    acceptance: float


BARS = {2: Bars(0.01, 0.01, 0.8), 16: Bars(0.015, 0.03, 0.7), 64: Bars(0.02, 0.2, 0.55)}
RHAT, CONTROL, DIGIT = 1.01, 0.2, 0.05
# Of the control's local steps, so that it does not fail for them: acceptance, and variance within modes over the
# target's less 1.
STEPPED, VARIANCE = (0.5, 0.8), 0.1


def balance(*, seeds: int = SEEDS, store: Store | None = None) -> list[Result]:
    """All of this room."""
    found: list[Result] = []
    for name, study in studies(seeds, store).items():
        print("\n".join(["", f"{name}, {seeds} seeds", *table_lines(*table(study), str.ljust)]), file=sys.stderr)
        found += digit_bars(name, study) if name == "digits" else two_mode_bars(name, study)
    return found + costs()


def studies(seeds: int, store: Store | None) -> dict[str, xr.Dataset]:
    """By name, all trained in one run; long ones first, so that both processes end together."""
    wanted: dict[str, Target | Make] = {"digits": digit_target}
    for d in sorted(BARS, reverse=True):
        wanted |= {f"d = {d}, weight {p}": two_modes(d, p=p) for p in WEIGHTS}
    tasks = {
        name: balance_tasks(target, plan=None, seeds=seeds, seed=0, store=store, progress=True, name=name)
        for name, target in wanted.items()
    }
    every = [each for some in tasks.values() for each in some]
    with workers(PROCESSES) as executor:
        done = iter(execute(every, Run(executor=executor, store=store), name="training", unit="training"))
    return {name: dataset(some, [next(done) for _ in some], seed=0) for name, some in tasks.items()}


def two_mode_bars(name: str, study: xr.Dataset) -> list[Result]:
    """What the issue asks of the flow-assisted method, and of the negative control."""
    d = int(name.split()[2].rstrip(","))
    bars, own, local = BARS[d], study.sel(training="flow"), study.sel(training="pcd")
    start = study.isel(training=0, iteration=0)
    beside: dict[str, float | str] = {
        "at first: weight": _each(start["path"].sel(mode=0)), "at first: KL": _each(start["path_divergence"]),
        "the data's": _each(study["data_weight"].sel(mode=0)), "the model's": _each(own["weight"].sel(mode=0)),
        "standard errors": _each(own["weight_stderr"].sel(mode=0)), "KL": _each(own["divergence"]),
        "its standard errors": _each(own["divergence_stderr"]),
    }
    # Of what could be measured, where local steps are sound: more of it could only make it larger.
    sound = _sound(local)
    paths = off_on_the_way(study).sel(training="pcd")
    gradients = int(study["gradients"].sel(training="pcd"))
    control: dict[str, float | str] = {
        "PCD's": _each(local["weight"].sel(mode=0)), "its KL": _each(local["divergence"]),
        "records in the second half that could not be measured": int(paths.isnull().any("mode").sum()),
        "gradients of a chain in an iteration": f"{gradients}; flow-assisted {int(own['gradients'])}",
        "local acceptance": _each(local["stepped"].isel(iteration=-1)),
        **{f"variance in mode {k}, over the target's": _each(local["variance"].sel(mode=k)) for k in (0, 1)},
    }
    worst = xr.concat([local["error"], paths.max(("iteration", "mode"))], "when").max("when")
    astray = float(worst.where(sound).max())
    return [
        _at_most(f"{name}: |w - w_data|, worst seed", _most(own["error"]), bars.weight, beside),
        _at_most(f"{name}: KL in nats, worst seed", _most(own["divergence"]), bars.divergence),
        _at_least(f"{name}: acceptance, worst seed", _least(own["acceptance"]), bars.acceptance),
        _at_most(f"{name}: R-hat of the modes, worst seed", _most(own["rhat"]), RHAT),
        _at_most(f"{name}: variance within modes, relative error, worst seed", _most(_narrow(own)), VARIANCE, {
            f"mode {k}, over the target's": _each(own["variance"].sel(mode=k)) for k in (0, 1)
        }),
        _at_least(f"{name}: PCD's |w - w_data|, worst sound seed or second half", astray, CONTROL, control),
        _at_least(f"{name}: PCD's seeds with sound local steps", float(sound.sum()), 1.0, {"of": study.sizes["seed"]}),
    ]


def _narrow(study: xr.Dataset) -> xr.DataArray:
    """The relative error of the variance within modes, its mean by the data's weights, of each seed."""
    return abs((study["variance"] * study["data_weight"]).sum("mode", skipna=False) - 1)


def _sound(study: xr.Dataset) -> xr.DataArray:
    """Seeds whose local steps are accepted as they should be, and whose variance within modes is right: what is wrong
    with their weights is not that."""
    stepped = study["stepped"].isel(iteration=-1)
    return (stepped >= STEPPED[0]) & (stepped <= STEPPED[1]) & (_narrow(study) <= VARIANCE)


def digit_bars(name: str, study: xr.Dataset) -> list[Result]:
    own, local = study.sel(training="flow"), study.sel(training="pcd")
    notes: dict[str, float | str] = {"accuracy of the classifier": _each(study["accuracy"])}
    for title, each in (("the data's", study["data_weight"]), ("the model's", own["sampled_weight"]),
                        ("PCD's", local["sampled_weight"])):
        notes[title] = "; ".join(_each(each.isel(seed=k)) for k in range(study.sizes["seed"]))
    notes |= {
        "PCD's worst difference": _most(local["error"]), "acceptance": _each(own["acceptance"]),
        "R-hat": _each(own["rhat"]), "R-hat of the run of PCD's model": _each(local["rhat"]),
    }
    worst = _most(own["error"])
    return [_at_most(f"{name}: |share - share of the data|, worst class and seed", worst, DIGIT, notes)]


def costs() -> list[Result]:
    """A flow-assisted iteration against one of PCD with the same local steps; a whole run in two dimensions."""
    found = []
    for d in BARS:
        ours, peer, count = _Training(d, "flow"), _Training(d, "pcd"), 40
        spent, theirs = in_turn(partial(ours.run, count), partial(peer.run, count), 5)
        recipe = ours.recipe
        found.append(_at_most(
            f"d = {d}: iteration, flow-assisted over PCD", spent / theirs, 2.5, {
                "gradients in points, both": recipe.chains * recipe.negatives.gradients,
                "flow samples with their densities": recipe.chains * recipe.negatives.jumps,
                "flow densities": recipe.chains, "flow densities with gradients in weights":
                recipe.chains + round(recipe.flow_data * recipe.batch),
            }, ours=spent / count, peer=theirs / count, unit="s",
        ))
    whole = seconds(lambda: _Training(2, "flow", prefit=PLANE.recipe.prefit).run(PLANE.recipe.iterations))
    found.append(_at_most("d = 2: a whole run, seconds", whole, 60.0, unit="s"))
    return found


class _Training:
    """With the experiment's settings, nothing measured on the way."""

    def __init__(self, d: int, method: str, prefit: int = 0) -> None:
        target = two_modes(d)
        plan = BalancePlan.suited(target)
        self.recipe = replace(plan.recipe, negatives=NEGATIVES[method], prefit=prefit)
        self.data = target.sample(plan.n, seed=1)
        energy = energy_network(d, widths=plan.widths, points=self.data)
        self.model = EnergyModel(energy, GaussianMixtureLaw.fit(self.data))
        self.flow = plan.flow(self.data, 2) if method == "flow" else None

    def run(self, iterations: int) -> None:
        recipe = replace(self.recipe, iterations=iterations)
        train_energy(self.model, self.data, recipe=recipe, flow=self.flow, seed=3)


def _at_most(
    name: str, value: float, bar: float, notes: dict[str, float | str] | None = None, *, ours: float | None = None,
    peer: float | None = None, unit: str = "",
) -> Result:
    return Result(f"balance, {name}", value, bar, False, value if ours is None else ours, bar if peer is None else peer,
                  notes or {}, unit)


def _at_least(name: str, value: float, bar: float, notes: dict[str, float | str] | None = None) -> Result:
    return Result(f"balance, {name}", value, bar, True, value, bar, notes or {}, "")


def _most(values: xr.DataArray) -> float:
    """NaN if one of them is."""
    return float(np.max(values.values))


def _least(values: xr.DataArray) -> float:
    return float(np.min(values.values))


def _each(values: xr.DataArray) -> str:
    return " ".join(f"{each:.4g}" for each in np.atleast_1d(values.values))
