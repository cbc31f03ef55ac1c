"""U-turns with the exact field of the mixture, beside what the theory says of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np
import torch
import xarray as xr

from simulate import checks
from simulate.flow import STOCHASTIC, Array, MixtureField, along_mean
from simulate.memory import require
from simulate.mixture import Mixture
from simulate.runs import Run, RunOptions, describe
from simulate.seeds import child, normal
from simulate.uturn.returns import Uturn, return_curves

# Streams below a seed; U-turns have streams of their own below the bits of t.
_PLUS, _MINUS = range(2)
# Vectors held at once for each point that is carried.
COPIES = 6


def exact_curves(
    mixture: Mixture, uturn: Uturn, *, times: Sequence[float] | Array, count: int, seed: int, reduced: bool = True,
    batch: int | None = None, dtype: torch.dtype = torch.float64, device: torch.device | str = "cpu",
    **run: Unpack[RunOptions],
) -> xr.Dataset:
    """U-turns with the exact field from ``count`` points of either mode, over dims (t, start) and t.

    Beside the variables of `simulate.uturn.return_curves`: uturn_sde_plus and uturn_sde_minus (ode for an ODE), the
    shares of + and - starts that end with mu.x > 0, and with clones clone_probability, the mean agreement over the
    target; each names its formula, whose clock s is a coordinate. ``reduced`` runs along mu alone, the same in law at
    any d; else all d coordinates. Formulas leave out Phi(-|mu|/sigma), the share of a mode on the wrong side.

    Other Parameters
    ----------------
    executor, store, progress
        How the tasks are run, see `simulate.runs.Run`.
    """
    checks.keywords("exact_curves", run, RunOptions)
    from asymptotics.phases import speciation

    if not isinstance(mixture, Mixture) or not isinstance(uturn, Uturn):
        raise TypeError("give a Mixture and a Uturn")
    Run(**run)  # It raises for unknown keywords, before any point is drawn.
    many = checks.integer("count", count, least=1)
    law = along_mean(mixture) if checks.flag("reduced", reduced) else mixture
    field = MixtureField(law, uturn.schedule)
    require_points(law.d, 2 * many + COPIES * min(many, batch or many))
    whole = child(checks.integer("seed", seed, least=0))
    starts = {
        name: field.starts(mode, many, normal(child(whole, stream), (many, law.d), dtype=dtype, device=device))
        for name, mode, stream in (("+", 1, _PLUS), ("-", -1, _MINUS))
    }
    found = return_curves(uturn, field, starts, field.side, times=times, seed=seed, batch=batch, **run)
    size: dict[str, Any] = {"sigma": mixture.sigma, "d": mixture.d, "radius": mixture.radius}
    clock = speciation(alpha=found["alpha"].values, beta=found["beta"].values, **size)
    dataset = found.assign(_measured(found, uturn, mixture.p)).assign_coords(
        s=("t", np.asarray(clock)), p=mixture.p, seeds=many, **size
    )
    return dataset.assign_attrs(provenance=describe({
        **vars(mixture), **uturn.described(), "kind": "uturn", "times": found["t"].values.tolist(), "count": many,
        "seed": seed, "batch": batch, "reduced": reduced, "dtype": str(dtype),
        "seed_rule": "starts: stream 0 (+), 1 (-) below the seed; then simulate.uturn.returns.SEED_RULE",
    }))


def _measured(found: xr.Dataset, uturn: Uturn, p: float) -> dict[str, Any]:
    """What formulas speak of, by their names."""
    kind = "sde" if uturn.method in STOCHASTIC else "ode"
    variables: dict[str, Any] = {}
    for name, start in (("plus", "+"), ("minus", "-")):
        here, short = found.sel(start=start), f"uturn_{kind}_{name}"
        variables[short] = ("t", here["fraction"].values, {"formula": f"phases.{short}"})
        variables[f"{short}_stderr"] = ("t", here["fraction_stderr"].values)
    if uturn.clones > 1:
        weights = xr.DataArray([p, 1.0 - p], dims="start", coords={"start": ["+", "-"]})
        mean = (weights * found["agreement"]).sum("start")
        error = ((weights * found["agreement_stderr"]) ** 2).sum("start") ** 0.5
        variables["clone_probability"] = ("t", mean.values, {"formula": "phases.clone_probability"})
        variables["clone_probability_stderr"] = ("t", error.values)
    return variables


def require_points(d: int, vectors: int) -> None:
    """MemoryError unless that many vectors of d float64 would fit."""
    require(8 * d * vectors, f"d = {d} with {vectors} vectors", "take a smaller count or batch, or reduced=True")
