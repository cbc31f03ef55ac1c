"""How energy-based models are trained: the ways to make negatives, and the numbers of a training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulate import checks

STARTS = ("persistent", "data", "base", "flow")
LOCAL = ("mala", "ula")
JUMPS = ("metropolis", "resampling")


@dataclass(frozen=True, kw_only=True)
class Negatives:
    """How the chains of one iteration are made.

    start   where they begin: "persistent" (where they were; at first data), "data", "base", or "flow" (samples of it,
            taken as they are)
    jumps   global proposals of each chain from the flow, accepted by ``jump`` ("metropolis" or "resampling")
    steps   local steps, ``local`` "mala" or "ula", after the jumps; ``step`` is their size at first (None: a twentieth
            of the smallest variance of the data); MALA's is adapted towards the acceptance ``target``
    """

    start: str = "persistent"
    jumps: int = 0
    jump: str = "metropolis"
    steps: int = 5
    local: str = "mala"
    step: float | None = None
    target: float = 0.75

    def __post_init__(self) -> None:
        checks.choice("start", self.start, STARTS)
        checks.choice("jump", self.jump, JUMPS)
        checks.choice("local", self.local, LOCAL)
        checks.integer("jumps", self.jumps, least=0)
        checks.integer("steps", self.steps, least=1)
        if self.step is not None:
            checks.real("step", self.step, above=0.0)
        checks.real("target", self.target, above=0.0, most=1.0)

    @property
    def needs_flow(self) -> bool:
        return self.jumps > 0 or self.start == "flow"

    @property
    def gradients(self) -> int:
        """Gradients of the log density in the points, of each chain in one iteration (MALA needs the first one too)."""
        return self.steps + (self.local == "mala")


FLOW_ASSISTED = Negatives(jumps=2)
PCD = Negatives()
PCD_ULA = Negatives(local="ula")
CD = Negatives(start="data")
SHORT_RUN = Negatives(start="base", local="ula", steps=20)
COOPERATIVE = Negatives(start="flow", local="ula")
NEGATIVES: Mapping[str, Negatives] = {
    "flow": FLOW_ASSISTED, "pcd": PCD, "pcd-ula": PCD_ULA, "cd": CD, "short-run": SHORT_RUN,
    "cooperative": COOPERATIVE,
}
"""The authors' method and what it is compared with, by the names of the command line."""


@dataclass(frozen=True, kw_only=True)
class EnergyRecipe:
    """Adam (``rate`` for the energy, ``flow_rate``) for ``iterations`` with ``chains`` and batches of ``batch`` data.

    Both rates rise linearly over the first ``warm`` of the iterations (before chains have settled under it, an energy
    that learns fast can get rough, and local steps small, for good) and fall linearly to 0 over the last ``decay``. The
    flow is fitted to data alone for ``prefit`` updates before, then to the chains and a share ``flow_data`` of data:
    to chains alone it can lose a mode, and data it learns by heart. With ``history`` > 1 it is fitted to as many points
    drawn from where the chains were in that many last iterations. What comes out are the weights of energy and flow
    averaged with a memory of ``average`` of the iterations (0: the last ones): those of an iteration scatter with the
    chains and the batch (`asymptotics.balance.weight_std`).
    """

    negatives: Negatives = FLOW_ASSISTED
    iterations: int = 2000
    chains: int = 256
    batch: int = 256
    rate: float = 1e-3
    flow_rate: float = 1e-3
    flow_data: float = 0.25
    prefit: int = 500
    history: int = 1
    average: float = 1 / 6
    warm: float = 0.1
    decay: float = 0.5
    record_every: int = 50

    def __post_init__(self) -> None:
        for name in ("iterations", "chains", "batch", "history", "record_every"):
            checks.integer(name, getattr(self, name), least=1)
        checks.integer("prefit", self.prefit, least=0)
        for name in ("rate", "flow_rate"):
            checks.real(name, getattr(self, name), above=0.0)
        for name in ("flow_data", "warm", "decay", "average"):
            checks.real(name, getattr(self, name), least=0.0, most=1.0)
        if self.warm + self.decay > 1.0:
            raise ValueError(f"warm = {self.warm} and decay = {self.decay} are more than all iterations: the rates "
                             "would never be reached; let their sum be <= 1")

    @property
    def memory(self) -> float:
        """What an average keeps of itself in an iteration."""
        length = self.average * self.iterations
        return 1.0 - 1.0 / length if length > 1.0 else 0.0

    def slower(self, iteration: int) -> float:
        """What the rates are multiplied by."""
        done, left = (iteration + 1) / self.iterations, 1.0 - iteration / self.iterations
        rising = done / self.warm if self.warm > 0.0 else 1.0
        falling = left / self.decay if self.decay > 0.0 else 1.0
        return min(1.0, rising, falling)
