"""The reduced model of training the balance of two modes, drawn exactly: log odds, and the chains that train them.

One iteration: each of N chains is refreshed between the modes with probability ``jump_rate`` (it is then in + with the
model's weight w, the logistic function of the log odds); the log odds move by ``learning_rate`` times what the data
have more of in + than the chains. `asymptotics.balance.weight_std` and `critical_jump_rate` are its linearisation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from asymptotics.coerce import as_probability
from simulate import checks
from simulate.runs import describe
from simulate.seeds import Seed, child, sequence


def two_mode_curves(
    *, p: float, learning_rate: float, jump_rate: Sequence[float], chains: int, iterations: int, runs: int, seed: int,
    start: float | None = None, chains_start: float | None = None, record_every: int = 1,
) -> xr.Dataset:
    """Weights in training over dims (jump_rate, run, iteration), with iteration 0 the start.

    Kept are every ``record_every``-th iteration and the last; what happens does not depend on it.

    ``weight`` is the model's weight of +, ``share`` that of its chains; the data's is ``p``. The model starts at the
    weight ``start`` and each chain in + with probability ``chains_start`` (None: at balance, p, both).
    """
    for name, value in (("p", p), ("start", start), ("chains_start", chains_start)):
        if value is not None:
            as_probability(name, value)
    checks.real("learning_rate", learning_rate, above=0.0)
    for name, count in (
        ("chains", chains), ("iterations", iterations), ("runs", runs), ("record_every", record_every),
    ):
        checks.integer(name, count, least=1)
    if not isinstance(jump_rate, Sequence | np.ndarray) or len(jump_rate) == 0:
        raise ValueError(f"jump_rate = {jump_rate!r} must be a list of one rate or more")
    rates = [checks.real("jump_rate", rate, least=0.0, most=1.0) for rate in jump_rate]
    first, share = p if start is None else start, p if chains_start is None else chains_start
    kept = np.unique([*range(0, iterations + 1, record_every), iterations])
    found = [
        _run(p, learning_rate, rate, chains, kept, runs, (first, share), child(seed, place))
        for place, rate in enumerate(rates)
    ]
    settings = {
        "p": p, "learning_rate": learning_rate, "jump_rate": rates, "chains": chains, "iterations": iterations,
        "runs": runs, "seed": seed, "start": first, "chains_start": share, "record_every": record_every,
    }
    dims = ("jump_rate", "run", "iteration")
    return xr.Dataset(
        {name: (dims, np.stack([each[place] for each in found])) for place, name in enumerate(("weight", "share"))},
        coords={"jump_rate": rates, "iteration": kept},
        attrs={"provenance": describe(settings)},
    )


def _run(
    p: float, rate: float, jump: float, chains: int, kept: np.ndarray, runs: int, start: tuple[float, float], seed: Seed
) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(sequence(seed))
    weights, shares = np.empty((runs, kept.size)), np.empty((runs, kept.size))
    theta = np.full(runs, np.log(start[0] / (1 - start[0])))
    weight, plus = np.full(runs, start[0]), generator.binomial(chains, start[1], runs)
    weights[:, 0], shares[:, 0] = weight, plus / chains
    place = {int(iteration): column for column, iteration in enumerate(kept)}
    for k in range(1, int(kept[-1]) + 1):
        come = jump * weight
        plus = generator.binomial(plus, 1 - jump + come) + generator.binomial(chains - plus, come)
        theta = theta + rate * (p - plus / chains)
        weight = 1 / (1 + np.exp(-theta))
        if k in place:
            weights[:, place[k]], shares[:, place[k]] = weight, plus / chains
    return weights, shares
