"""Settings of the experiment on the balance of modes (`simulate.balance.run_study`), checked when made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from simulate import checks
from simulate.balance.image_targets import ImageTarget
from simulate.energy import NEGATIVES, EnergyRecipe, Negatives, Target
from simulate.sampler import KINDS, CouplingFlow, GaussianMixtureLaw, Proposal, fit_flow
from simulate.seeds import Seed, child
from simulate.training import FitRecipe

BASES = ("gaussian", "mixture", "flow")


@dataclass(frozen=True, kw_only=True)
class BalancePlan:
    """What is trained, for how long, and how it is measured.

    methods   names of `NEGATIVES`, or of ``own``; all of one seed share data, first weights and random numbers
    recipe    of the training, all but its negatives
    n         points of the target to train on
    base      one Gaussian, a mixture of as many as the target has modes, or a flow, fitted to the data and frozen
    widths    of the energy's hidden layers
    kind, transforms, hidden    of the flow that proposes, and of one as a base
    count     points of each proposal when the trained model is measured; ``watched`` when it is on its way
    chains, moves    of the run of the trained model with everything frozen; ``warm`` before are not counted
    fitted    how a flow is fitted to data alone (as a base; and where a model without one is to be sampled)
    """

    methods: tuple[str, ...] = ("flow", "pcd")
    own: Mapping[str, Negatives] = field(default_factory=dict)
    recipe: EnergyRecipe = field(default_factory=EnergyRecipe)
    n: int = 10_000
    base: str = "gaussian"
    widths: tuple[int, ...] = (256, 256)
    kind: str = "affine"
    transforms: int = 4
    hidden: tuple[int, ...] = (64, 64)
    count: int = 20_000
    watched: int = 4000
    chains: int = 64
    moves: int = 1500
    warm: int = 50
    fitted: FitRecipe = field(default_factory=lambda: FitRecipe(updates=1500, batch=256, rate=1e-3))

    def __post_init__(self) -> None:
        kinds = {
            "recipe": EnergyRecipe, "fitted": FitRecipe, "own": Mapping, "methods": tuple, "widths": tuple,
            "hidden": tuple,
        }
        for name, kind in kinds.items():
            if not isinstance(getattr(self, name), kind):
                raise TypeError(f"{name} must be a {kind.__name__}, not {type(getattr(self, name)).__name__}")
        for name in ("widths", "hidden"):
            for width in getattr(self, name):
                checks.integer(name, width, least=1)
        checks.choice("base", self.base, BASES)
        checks.choice("kind", self.kind, KINDS)
        for name, least in (
            ("n", 2), ("transforms", 1), ("count", 2), ("watched", 2), ("chains", 2), ("moves", 8), ("warm", 0),
        ):
            checks.integer(name, getattr(self, name), least=least)
        for name, each in self.own.items():
            if name in NEGATIVES or not name.replace("-", "_").isidentifier() or not isinstance(each, Negatives):
                raise ValueError(f"own = {{{name!r}: ...}} must map new names (letters, digits, - and _) to Negatives")
        files = {name.replace("-", "_"): name for name in self.own}
        if len(files) < len(self.own):
            raise ValueError(f"own = {', '.join(self.own)}: two of these names differ in - and _ alone, and would "
                             "share a checkpoint; rename one")
        if not self.methods or len(set(self.methods)) < len(self.methods):
            raise ValueError(f"methods = {self.methods} must be one or more, none twice")
        for name in self.methods:
            self.negatives(name)

    @classmethod
    def suited(cls, target: Target) -> BalancePlan:
        """`PLANE`, `IMAGES`, or the defaults."""
        if isinstance(target, ImageTarget):
            return IMAGES
        return PLANE if target.sample(1, seed=0).shape[1:] == (2,) else cls()

    def negatives(self, method: str) -> Negatives:
        known = {**NEGATIVES, **self.own}
        return known[checks.choice("methods", method, tuple(known))]

    def flow(self, data: torch.Tensor, seed: Seed) -> CouplingFlow:
        """One that is not trained yet."""
        return CouplingFlow(data, kind=self.kind, transforms=self.transforms, hidden=self.hidden, seed=seed)

    def fitted_flow(self, data: torch.Tensor, seed: Seed) -> CouplingFlow:
        """One fitted to the data alone."""
        found = fit_flow(self.flow(data, child(seed, 0)), data, seed=child(seed, 1), recipe=self.fitted)
        assert isinstance(found, CouplingFlow)
        return found

    def fitted_base(self, data: torch.Tensor, modes: int, seed: Seed) -> Proposal:
        if self.base == "flow":
            return self.fitted_flow(data, seed)
        return GaussianMixtureLaw.fit(data, 1 if self.base == "gaussian" else modes, seed=seed)


PLANE = BalancePlan(widths=(128, 128), recipe=EnergyRecipe(rate=2e-3))
"""Of points in the plane: a narrower energy, which learns faster."""
IMAGES = BalancePlan(
    n=30_000, transforms=8, hidden=(128, 128), recipe=EnergyRecipe(iterations=1500, prefit=1500)
)
"""Of images: more points, as images are changed anew; a larger flow, of whose jumps fewer are accepted."""
