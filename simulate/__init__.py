"""Finite d: data, networks, trainers, exact minimisers, generative flows, samplers, and data sets made of them.

What a first hour needs is here; everything else is called through its package: ``simulate.curves.generation(...)``,
``simulate.energy.train(...)``. Packages load on first use, so that a sweep of your own function loads none of them.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING

from asymptotics.extras import require_installed as _require_installed

_require_installed("simulate needs", "torch", "xarray", "h5netcdf", "h5py", "tqdm", extra="simulate")

from simulate.comparison import compare as compare, standard_error as standard_error
from simulate.estimate import Estimate as Estimate
from simulate.mixture import Mixture as Mixture, Samples as Samples
from simulate.path import Point as Point
from simulate.runs import Checkpoint as Checkpoint, Store as Store, average as average
from simulate.runs import cluster as cluster, load as load, save as save, sweep as sweep
from simulate.runs import workers as workers

if TYPE_CHECKING:
    from simulate import autoencoder as autoencoder, balance as balance, curves as curves
    from simulate import energy as energy, features as features, flow as flow, gram as gram
    from simulate import images as images, runs as runs, sampler as sampler, training as training
    from simulate import untied as untied, uturn as uturn
else:
    _PACKAGES = ("autoencoder", "balance", "curves", "energy", "features", "flow", "gram", "images", "runs",
                 "sampler", "training", "untied", "uturn")

    def __getattr__(name):
        """A package, imported when somebody asks for it."""
        if name in _PACKAGES:
            return _import_module(f"simulate.{name}")
        raise AttributeError(f"module 'simulate' has no attribute {name!r}")

    def __dir__():
        return sorted({*globals(), *_PACKAGES})
