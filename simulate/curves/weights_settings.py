"""What data sets of generated weights share: their checked settings, their coordinates, their provenance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Required

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from simulate import checks
from simulate.flow import TRANSPORT_METHODS, Array, toward_data
from simulate.mixture import Mixture
from simulate.path import Schedule
from simulate.runs import Run, RunOptions, describe


class WeightOptions(RunOptions, total=False):
    """The fields of `WeightSettings` that functions accept as plain keywords."""

    schedule: Required[Schedule]
    count: Required[int]
    seed: Required[int]


@dataclass(frozen=True, kw_only=True)
class WeightSettings(Run):
    """Holds how points are generated, checked, and how the tasks are run, `simulate.runs.Run`.

    Parameters
    ----------
    mixture
        Law of the data, at any dimension.
    d
        Dimensions.
    grids
        Functions that make the times, by name, for the mixture at each dimension.
    methods
        Names of `simulate.flow.TRANSPORT_METHODS`.
    schedule
        How noise and data are mixed at each time.
    count
        Number of points.
    seed
        Seed of all random numbers.
    """

    mixture: Mixture
    d: Sequence[int]
    grids: Mapping[str, Callable[[Mixture], ArrayLike]]
    methods: Sequence[str]
    schedule: Schedule
    count: int
    seed: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.mixture, Mixture):
            raise TypeError(f"mixture must be a Mixture, not {type(self.mixture).__name__}")
        object.__setattr__(self, "count", checks.integer("count", self.count, least=1))
        object.__setattr__(self, "seed", checks.integer("seed", self.seed, least=0))
        methods = [checks.choice("method", each, TRANSPORT_METHODS) for each in self.methods]
        object.__setattr__(self, "methods", methods)
        if not self.laws or not self.grids or not methods:
            raise ValueError("d, grids and methods must hold one entry or more each")

    @cached_property
    def laws(self) -> list[Mixture]:
        """The mixture at each dimension."""
        return [replace(self.mixture, d=each) for each in self.d]

    @cached_property
    def times(self) -> list[dict[str, Array]]:
        """The times by name of the grid, for each of the laws."""
        return [
            {name: toward_data(make(law), self.schedule) for name, make in self.grids.items()}
            for law in self.laws
        ]

    def dataset(
        self, share: Array, settings: Mapping[str, Any], coordinates: Mapping[str, Any]
    ) -> xr.Dataset:
        """Describe ``share`` (d, grid, method, 2) or (d, grid, method, seed, 2): value and standard error."""
        # Not "method": Dataset.sel has an argument of that name.
        dims = ("d", "grid", "scheme", "seed")[: share.ndim - 1]
        sizes, mixture = [law.d for law in self.laws], self.mixture
        steps = np.array([[len(grid) - 1 for grid in row.values()] for row in self.times])
        described = {
            **vars(mixture), "d": sizes, "schedule": self.schedule.name, "methods": self.methods,
            "grids": {
                name: {d: row[name].tolist() for d, row in zip(sizes, self.times, strict=True)}
                for name in self.grids
            },
            "count": self.count, "seed": self.seed, **settings,
        }
        return xr.Dataset(
            {
                "generated_weight": (dims, share[..., 0]),
                "generated_weight_stderr": (dims, share[..., 1]), "steps": (dims[:2], steps),
            },
            {
                "d": sizes, "grid": list(self.grids), "scheme": self.methods, "p": mixture.p,
                "sigma": mixture.sigma, "radius": mixture.radius, **coordinates,
            },
            {"provenance": describe(described)},
        )
