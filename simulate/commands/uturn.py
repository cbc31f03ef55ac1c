"""``python -m simulate uturn``: of the mixture with its exact field, or of real images with trained networks."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import xarray as xr

from asymptotics.coerce import as_probability
from asymptotics.command_line import numbers, table_lines
from asymptotics.phases import boundary
from asymptotics.schedule import NAMED, Dilation, by_name, linear
from simulate import features
from simulate.commands.execution import add_execution_options, chosen_executor, chosen_store
from simulate.features import TRAININGS, StudyPlan, fitted_clocks, homogeneity
from simulate.flow import TRANSPORT_METHODS
from simulate.images import Images, digits, idx_folder
from simulate.mixture import Mixture
from simulate.runs import cores
from simulate.training import PREDICTIONS
from simulate.uturn import Uturn, exact_curves

# What options are when they are not given; those of one kind do not go with the other.
_PLAN = StudyPlan()
MIXTURE: Mapping[str, Any] = {
    "d": 10_000, "clocks": [0.3, 0.7, 1.0, 1.5, 2.2, 3.0], "sigma": 1.0, "radius": 1.0, "p": 0.8, "kappa": 3.0,
    "share": 0.5, "steps": 150, "method": "ancestral", "clones": 1, "count": 4000, "batch": None,
}
IMAGES: Mapping[str, Any] = {
    "classes": [0, 1], "weights": None, "schedule": _PLAN.schedule.name, "predicts": _PLAN.predicts,
    "noise_end": None, "budgets": list(_PLAN.budgets), "rate": _PLAN.recipe.rate,
    "trainings": ",".join(_PLAN.trainings), "share": _PLAN.share, "turns": _PLAN.turns, "starts": _PLAN.starts,
    "turn_steps": _PLAN.turn_steps, "steps": _PLAN.steps, "method": _PLAN.method, "clones": _PLAN.clones,
    "count": _PLAN.count, "batch": _PLAN.recipe.batch, "seeds": 1, "device": None,
}
# Zeros and ones as in arXiv 2412.07972.
WEIGHTS = (0.8, 0.2)


def add(kinds: Any) -> None:
    """Add the command."""
    own = kinds.add_parser(
        "uturn", help="noise points, come back, ask for the class; of real images, train where it is decided"
    )
    own.add_argument(
        "--data", default="mixture", help="mixture (default), digits (scikit-learn's), or a folder of IDX files (MNIST)"
    )
    add_execution_options(own)
    own.set_defaults(run=run, tell=tell)

    def option(name: str, kind: Any, words: str) -> None:
        own.add_argument(f"--{name.replace('_', '-')}", type=kind, help=f"{words} ({_defaults(name)})")

    option("method", str, f"of the way back: {', '.join(TRANSPORT_METHODS)}")
    option("steps", int, "of the way from noise; of the mixture, of each way back")
    option("clones", int, "returns of each noised point")
    option("count", int, "points of each mode; of images, points that are generated")
    option("share", float, "of the steps in the first phase; of images, of the training times in the interval")
    option("batch", int, "points carried at once (all; the random numbers depend on it); images to an update")
    option("d", int, "mixture: dimension")
    option("clocks", numbers("clocks", float), "mixture: clocks s, e.g. .5,1,2 or .3:3:log6")
    option("sigma", float, "mixture: width of a mode")
    option("radius", float, "mixture: |mu| / sqrt(d)")
    option("p", float, "mixture: weight of the + mode")
    option("kappa", float, "mixture: the first phase ends at beta = kappa/|mu|")
    option("classes", _classes, "images: e.g. 0,1, or all")
    option("weights", numbers("weights", float), f"images: proportions of the classes (of two, {WEIGHTS}; else theirs)")
    option("schedule", str, f"images: {', '.join(NAMED)}")
    option("noise_end", float, "images: time where paths begin (the schedule's end, or 1)")
    option("predicts", str, f"images: what networks predict, {', '.join(PREDICTIONS)}")
    option("budgets", numbers("budgets", int), "images: updates after which to look; training ends with the last")
    option("rate", float, "images: of AdamW")
    option("trainings", str, f"images: of {', '.join(TRAININGS)}")
    option("turns", int, "images: times of U-turns, equally spaced")
    option("starts", int, "images: held out images of each class to start from, at most")
    option("turn_steps", int, "images: steps of each way back")
    option("seeds", int, "images: how often, with other parts of the images and other networks")
    option("device", str, "images: cpu, cuda, ... (an accelerator if there is one)")


def _defaults(name: str) -> str:
    found = [
        (kind, ",".join(map(str, value)) if isinstance(value, list) else str(value))
        for kind, table in (("mixture", MIXTURE), ("images", IMAGES)) if (value := table.get(name)) is not None
    ]
    if len({text for _, text in found}) > 1:
        return "; ".join(f"{kind}: {text}" for kind, text in found)
    return found[0][1] if found else "not given"


def _classes(text: str) -> list[int]:
    """Empty for all."""
    return [] if text == "all" else list(numbers("classes", int)(text))


def run(given: argparse.Namespace) -> xr.Dataset:
    """The data set asked for."""
    own, other = (MIXTURE, IMAGES) if given.data == "mixture" else (IMAGES, MIXTURE)
    for name in other:
        if name not in own and getattr(given, name) is not None:
            raise ValueError(f"--{name.replace('_', '-')} does not go with --data {given.data}")
    for name, default in own.items():
        if getattr(given, name) is None:
            setattr(given, name, default)
    return _mixture(given) if given.data == "mixture" else _images(given)


def _mixture(given: argparse.Namespace) -> xr.Dataset:
    mixture = Mixture(d=given.d, sigma=given.sigma, radius=given.radius, p=as_probability("p", given.p))
    size = {"sigma": mixture.sigma, "d": mixture.d, "radius": mixture.radius}
    times = np.atleast_1d(boundary(s=np.array(given.clocks), **size))
    length = mixture.radius * mixture.d**0.5
    if not 0 < given.kappa < length:
        raise ValueError(f"kappa = {given.kappa} is not allowed: 0 < kappa < |mu| = {length:g}")
    # The node of a dilation is given in units of 1/sqrt(d).
    dilation = Dilation.half(given.kappa / mixture.radius, mixture.d, given.share)
    turn = Uturn(schedule=linear, method=given.method, steps=given.steps, dilation=dilation, clones=given.clones)
    with chosen_executor(given) as executor:
        return exact_curves(
            mixture, turn, times=times, count=given.count, seed=given.seed, progress=not given.quiet, batch=given.batch,
            executor=executor, store=chosen_store(given),
        )


def _images(given: argparse.Namespace) -> xr.Dataset:
    images = digits() if given.data == "digits" else idx_folder(given.data)
    classes = given.classes or list(images.counts())
    images = images.only(*classes)
    device = _device(given.device)
    plan = _plan(given, classes)
    # An accelerator is one: it is not shared out.
    given.processes = cores() if device.type == "cpu" else 1
    with chosen_executor(given) as executor:
        return _study(given, images.to(device=device), plan, executor)


def _study(given: argparse.Namespace, images: Images, plan: StudyPlan, executor: Executor | None) -> xr.Dataset:
    return features.run_study(
        images, plan=plan, seeds=given.seeds, seed=given.seed, executor=executor, store=chosen_store(given),
        progress=not given.quiet,
    )


def _plan(given: argparse.Namespace, classes: list[int]) -> StudyPlan:
    weights = given.weights
    if weights is None and len(classes) == 2:
        weights = WEIGHTS
    if weights is not None and len(weights) != len(classes):
        raise ValueError(f"--weights {weights} must be as many as --classes {classes}")
    return StudyPlan(
        schedule=by_name(given.schedule), predicts=given.predicts,
        noise_end=given.noise_end, budgets=tuple(given.budgets), trainings=tuple(given.trainings.split(",")),
        recipe=replace(_PLAN.recipe, updates=given.budgets[-1], rate=given.rate, batch=given.batch),
        share=given.share, turns=given.turns, starts=given.starts, turn_steps=given.turn_steps, steps=given.steps,
        method=given.method, clones=given.clones, count=given.count,
        weights=None if weights is None else dict(zip(classes, weights, strict=True)),
    )


def _device(name: str | None) -> torch.device:
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(name)
        torch.zeros(1, device=found).cpu()
    except (RuntimeError, AssertionError, NotImplementedError) as problem:
        raise ValueError(f"--device {name} cannot be used: {str(problem).splitlines()[0][:120]}") from None
    return found


def _fitted(study: xr.Dataset) -> str:
    try:
        fits = fitted_clocks(study)
    except ValueError as problem:
        return str(problem)
    rate, p, misfit = (float(fits[name].mean()) for name in ("rate", "p", "misfit"))
    return f"K = {rate:.2f}, p = {p:.3f}, chi-square {misfit:.1f} per degree of freedom"


def tell(study: xr.Dataset) -> None:
    """Of real images the intervals and the table, on the terminal."""
    if "accuracy" not in study:
        return
    print(f"accuracy of the classifier on held out images: {float(study['accuracy'].mean()):.4f}")
    for seed in study["seed"].values:
        one = study.sel(seed=seed)
        word = "" if bool(one["determined"]) else " (undetermined: left out of the table)"
        print(
            f"seed {seed}: curves part at {float(one['part']):.3f} +- {float(one['part_stderr']):.3f}, saturate at "
            f"{float(one['saturate']):.3f} +- {float(one['saturate_stderr']):.3f}{word}"
        )
    if study.sizes["seed"] > 1:
        for end in ("part", "saturate"):
            mean, error, chance = homogeneity(study[end], study[f"{end}_stderr"])
            print(f"all seeds: {end} at {mean:.3f} +- {error:.3f}; equal ones scatter as much with chance {chance:.2g}")
    if study.sizes["label"] == 2:
        print(f"the mixture's curves: {_fitted(study)}")
    if bool(study["determined"].any()):
        print("\n".join(table_lines(*features.table(study), str.ljust)))
