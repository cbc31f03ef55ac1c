"""Generators trained at different times, compared seed by seed: what a budget of updates buys, with intervals.

Seeds pair: the generators of one seed share images, first weights, noises and classifier. Intervals are Student's for
the mean over seeds, each for itself (not all at once), and Fieller's for a ratio of means, which may be unbounded.
"""

from __future__ import annotations

from math import inf

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from asymptotics.coerce import as_probability


def mean_interval(values: ArrayLike, *, confidence: float = 0.95) -> tuple[float, float, float]:
    """The mean of independent ``values`` (two or more) and both ends of Student's interval for it."""
    x = _values("values", values)
    half = _reach(len(x), confidence) * float(x.std(ddof=1)) / len(x) ** 0.5
    return float(x.mean()), float(x.mean()) - half, float(x.mean()) + half


def ratio_interval(one: ArrayLike, other: ArrayLike, *, confidence: float = 0.95) -> tuple[float, float, float]:
    """The mean of ``one`` over that of ``other``, paired values >= 0, and both ends of Fieller's interval for it.

    Those r >= 0 at which the mean of one - r other is not told from 0 by Student's test. Where the mean of ``other`` is
    not told from 0 itself the interval is unbounded, and ends with inf.
    """
    x, y = _values("one", one), _values("other", other)
    if x.shape != y.shape:
        raise ValueError(f"one {x.shape} and other {y.shape} must hold a value for each of the same seeds")
    if (x < 0).any() or (y < 0).any():
        raise ValueError("one and other must be >= 0: a ratio is asked for")
    (xx, xy), (_, yy) = np.cov(x, y) * _reach(len(x), confidence) ** 2 / len(x)
    # a r^2 - 2 b r + c <= 0.
    a, b, c = (float(each) for each in (y.mean() ** 2 - yy, x.mean() * y.mean() - xy, x.mean() ** 2 - xx))
    root = max(b**2 - a * c, 0.0) ** 0.5
    ratio = float(x.mean() / y.mean()) if y.mean() > 0 else inf
    if a > 0:
        return ratio, max((b - root) / a, 0.0), (b + root) / a
    if c <= 0:  # Neither is told from 0.
        return ratio, 0.0, inf
    return ratio, (c / (b + root) if b + root > 0 else 0.0), inf


def expected_gain(study: xr.Dataset) -> tuple[float, xr.DataArray]:
    """What more updates where the class is decided should bring, if they are what counts: the exponent with which
    uniform training's mean error falls with updates (least squares of logarithms), and by training the ratio of the
    updates there to uniform's to that power. Two budgets or more.
    """
    own = study["share_error"].isel(seed=np.flatnonzero(study["determined"].values), training=0).mean("seed")
    if own.sizes["budget"] < 2 or not bool((own > 0).all()):
        raise ValueError("an exponent needs two budgets or more, with errors > 0 of uniform training")
    slope, _ = np.polyfit(np.log(study["budget"].values), np.log(own.values), 1)
    inside = study["inside"].mean("seed")
    return -float(slope), (inside / inside.isel(training=0)) ** -float(slope)


def homogeneity(values: ArrayLike, stderr: ArrayLike) -> tuple[float, float, float]:
    """Do independent ``values`` with these standard errors agree? Their mean, weighted by the errors, its standard
    error, and the chance that equal ones scatter as much (of chi-square; 1 for a single value)."""
    from scipy.stats import chi2

    x, error = (np.atleast_1d(np.asarray(each, dtype=np.float64)) for each in (values, stderr))
    if x.ndim != 1 or x.shape != error.shape or not (np.isfinite(x).all() and np.isfinite(error).all()):
        raise ValueError(f"values {x.shape} and stderr {error.shape} must be finite, one error for each value")
    if not (error > 0).all():
        raise ValueError("stderr must be > 0")
    weights = error**-2.0
    mean = float(np.sum(weights * x) / weights.sum())
    scatter = float(np.sum(weights * (x - mean) ** 2))
    return mean, float(weights.sum() ** -0.5), 1.0 if len(x) == 1 else float(chi2.sf(scatter, len(x) - 1))


def fitted_clocks(study: xr.Dataset, *, confidence: float = 0.95) -> xr.Dataset:
    """The mixture's U-turn curves fitted to each seed's (`asymptotics.phases.fit_uturn`), for two classes: over seed,
    rate (K of s = K beta/alpha) and p (the weight of the first label) with their _low and _high, and misfit, chi-square
    per degree of freedom. Above 1 by much, one clock does not describe these data, and the intervals are too narrow.
    ValueError, naming the seed, where the curves do not determine them.
    """
    from asymptotics.phases.design import fit_uturn

    if study.sizes["label"] != 2:
        raise ValueError(f"the mixture's curves are of two classes; the study has {study.sizes['label']}")
    first = study["label"].values[0]
    curves = study.sel(label=first)
    starts = [curves.sel(start=str(label)) for label in study["label"].values]
    ratio = (study["beta"] / study["alpha"]).values
    rows = []
    for seed in range(study.sizes["seed"]):
        plus, minus = (each["fraction"].isel(seed=seed).values for each in starts)
        errors = np.stack([each["fraction_stderr"].isel(seed=seed).values for each in starts])
        try:
            fit = fit_uturn(ratio, plus=plus, minus=minus, stderr=errors, confidence=confidence)
        except ValueError as problem:
            raise ValueError(f"seed {seed}: {problem}") from None
        rows.append((fit.rate, *fit.rate_interval, fit.p, *fit.p_interval, fit.chi_square / (2 * len(ratio) - 2)))
    names = ("rate", "rate_low", "rate_high", "p", "p_low", "p_high", "misfit")
    columns = np.array(rows).T
    return xr.Dataset(
        {name: ("seed", column) for name, column in zip(names, columns, strict=True)}, {"seed": study["seed"]}
    )


def _values(name: str, values: ArrayLike) -> NDArray[np.float64]:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1 or len(found) < 2 or not np.isfinite(found).all():
        raise ValueError(f"{name} of shape {found.shape} must hold two finite values or more")
    return found


def _reach(count: int, confidence: float) -> float:
    from scipy.stats import t

    return float(t.isf((1 - as_probability("confidence", confidence)) / 2, count - 1))


def compare_trainings(study: xr.Dataset, *, confidence: float = 0.95) -> xr.Dataset:
    """Means over the seeds whose interval is determined, over (training, budget), of share_error, and of distance for
    each label; with their _stderr. Less uniform training: _change, _change_low, _change_high; and share_error_gain with
    _low, _high: uniform's mean error over theirs. With one seed, means alone.

    ValueError if no seed has a determined interval.
    """
    own = study.isel(seed=np.flatnonzero(study["determined"].values))
    count = own.sizes["seed"]
    if count == 0:
        raise ValueError(
            "no seed has a determined interval: measure more U-turns (clones, turns), or more held out images"
        )
    found = xr.Dataset(attrs={"seeds": count, "confidence": confidence})
    for name in ("share_error", "distance"):
        # Where too few of a class were generated for a distance there is none, for any seed.
        values = own[name]
        found[name] = values.mean("seed", skipna=False)
        if count < 2:
            continue
        found[f"{name}_stderr"] = values.std("seed", ddof=1, skipna=False) / count**0.5
        for kind, each in _changes(values, confidence, gain=name == "share_error").items():
            found[f"{name}_{kind}"] = each
    return found


def _changes(values: xr.DataArray, confidence: float, *, gain: bool) -> dict[str, xr.DataArray]:
    """Against uniform training, cell by cell."""
    cells = values.mean("seed", skipna=False)
    names = ["change", "change_low", "change_high"] + (["gain", "gain_low", "gain_high"] if gain else [])
    table = {name: xr.full_like(cells, np.nan) for name in names}
    for place in np.ndindex(cells.shape):
        where = dict(zip(cells.dims, place, strict=True))
        one, base = values.isel(where), values.isel({**where, "training": 0})
        if not bool(np.isfinite(one).all() and np.isfinite(base).all()):
            continue
        filled: tuple[float, ...] = mean_interval(one.values - base.values, confidence=confidence)
        if gain:
            filled += ratio_interval(base.values, one.values, confidence=confidence)
        for name, number in zip(names, filled, strict=True):
            table[name][where] = number
    return table


def table(study: xr.Dataset, *, confidence: float = 0.95) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """A header and rows of text, budget by training."""
    found = compare_trainings(study, confidence=confidence)
    several = found.attrs["seeds"] > 1
    level = f"{100 * confidence:g} %"
    labels = study["label"].values.tolist()
    header = ["updates", "training", "class error"]
    if several:
        header += [f"uniform/this [{level}]"]
    header += [f"distance, {each}" + (f": change [{level}]" if several else "") for each in labels]
    rows = []
    for budget in study["budget"].values.tolist():
        for training in study["training"].values.tolist():
            cell = found.sel({"budget": budget, "training": training})
            row = [str(budget), str(training), _with_error(cell, "share_error")]
            if several:
                row += ["" if training == "uniform" else _span(cell, "share_error_gain", "{:.2f}")]
            for each in labels:
                at = cell.sel(label=each)
                text = _with_error(at, "distance")
                if several and training != "uniform" and np.isfinite(at["distance"]):
                    text += ": " + _span(at, "distance_change", "{:+.3f}")
                row.append(text)
            rows.append(tuple(row))
    return tuple(header), rows


def _with_error(cell: xr.Dataset, name: str) -> str:
    if not np.isfinite(cell[name]):
        return "too few"
    error = f" +- {float(cell[f'{name}_stderr']):.3f}" if f"{name}_stderr" in cell else ""
    return f"{float(cell[name]):.3f}{error}"


def _span(cell: xr.Dataset, name: str, style: str) -> str:
    value, low, high = (style.format(float(cell[each])) for each in (name, f"{name}_low", f"{name}_high"))
    return f"{value} [{low}, {high}]"
