"""Plots: what is drawn are the formula's own numbers, in the user's axes or in new ones of the house's style."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr

import simulate
from asymptotics import catalogue, limited_samples, phases
from asymptotics.figures import STYLE, colours
from asymptotics.formula import main_axis, typical_point
from asymptotics.formula.plots import BAND, plot
from asymptotics.formula.typical import usual_values
from asymptotics.plotting import plot_comparison, save_curves, typical_curves
from asymptotics.schedule import linear

error = limited_samples.mean_error
FIRST = {"n_plus": 13, "n_minus": 3, "sigma": 1, "ridge_u": 0.1, "ridge_w": 0.5}


@pytest.fixture(autouse=True)
def pyplot() -> Iterator[Any]:
    """Figures are closed, and the settings of matplotlib are as they were."""
    with mpl.rc_context({"backend": "Agg"}):
        from matplotlib import pyplot

        before = dict(mpl.rcParams)
        yield pyplot
        assert dict(mpl.rcParams) == before
        pyplot.close("all")


@pytest.mark.parametrize("name", list(catalogue()))
def test_every_formula_draws_and_its_letters_render(name: str) -> None:
    formula = catalogue()[name]
    point, over = typical_point(formula), main_axis(formula)
    del point[over]
    ax = formula.plot(over, **point, field="omega" if name == "phases.first_phase" else None)
    (line,) = ax.get_lines()
    x, y = line.get_data()
    assert len(x) >= 2 and np.isfinite(y).all()
    ax.figure.canvas.draw()  # matplotlib reads the mathematics of the labels only now


def test_curves_are_the_formulas_values() -> None:
    ax = error.plot(n=[2, 4, 8], sigma=1.5, ridge=0.1)
    (line,) = ax.get_lines()
    np.testing.assert_array_equal(line.get_xdata(), [2, 4, 8])
    np.testing.assert_array_equal(line.get_ydata(), error(n=[2, 4, 8], sigma=1.5, ridge=0.1))
    assert ax.get_xlabel() == "$n$" and ax.get_ylabel() == r"$\mathcal{E}$" and ax.get_legend() is None


def test_a_family_has_a_curve_a_value_and_a_legend() -> None:
    ax = error.plot("n", sigma=[0.5, 1.5], ridge=[0.1, 1.0])
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels[0] == r"$\sigma = 0.5$, $\lambda = 0.1$" and len(labels) == 4
    for line, (sigma, ridge) in zip(ax.get_lines(), [(0.5, 0.1), (0.5, 1), (1.5, 0.1), (1.5, 1)], strict=True):
        np.testing.assert_array_equal(line.get_ydata(), error(n=line.get_xdata(), sigma=sigma, ridge=ridge))
    assert ax.get_xscale() == ax.get_yscale() == "log"
    assert len({line.get_color() for line in ax.get_lines()}) == 4


def test_the_band_is_that_of_the_fluctuation() -> None:
    ax = error.plot(n=[4, 16], sigma=1.5, ridge=0.1, band=100)
    (band,) = ax.collections
    width = BAND * error.fluctuation(n=[4, 16], sigma=1.5, ridge=0.1) / 10
    top = error(n=[4, 16], sigma=1.5, ridge=0.1) + width
    corners = band.get_paths()[0].vertices
    assert np.isclose(corners[:, 1].max(), top.max(), rtol=1e-12)


def test_axes_of_the_user_are_drawn_into_as_they_are(pyplot: Any) -> None:
    _, own = pyplot.subplots()
    own.set_ylabel("mine")
    assert error.plot("n", sigma=1.5, ridge=0.1, ax=own) is own
    assert limited_samples.bayes_error.plot("n", sigma=1.5, ax=own, label="Bayes") is own
    assert own.get_ylabel() == "mine" and len(own.get_lines()) == 2 and own.spines["top"].get_visible()
    first, second = (line.get_color() for line in own.get_lines())
    assert [first, second] == [f"#{c.lstrip('#')}" for c in colours()[:2]]
    assert not error.plot("n", sigma=1.5, ridge=0.1).spines["top"].get_visible()


def test_a_second_curve_keeps_the_legends_looks() -> None:
    ax = error.plot("n", sigma=1.5, ridge=[0.1, 1.0])
    first = ax.get_legend()
    limited_samples.bayes_error.plot("n", sigma=1.5, ax=ax, label="Bayes")
    second = ax.get_legend()
    assert second is not first and not second.get_frame_on() and len(second.get_texts()) == 3
    assert second.get_texts()[0].get_fontsize() == first.get_texts()[0].get_fontsize() == 7.5


def test_scales_of_axes_that_hold_something_are_left_alone(pyplot: Any) -> None:
    _, own = pyplot.subplots()
    own.axhline(1.0)
    error.plot("n", sigma=1.5, ridge=0.1, ax=own)
    assert own.get_xscale() == own.get_yscale() == "linear"
    assert error.plot("n", sigma=1.5, ridge=0.1, ax=own, log="y").get_yscale() == "log"
    _, empty = pyplot.subplots()
    empty.set_xscale("log")
    assert limited_samples.skip.on(linear).plot("t", n=8, sigma=1.5, ridge=0.1, ax=empty).get_xscale() == "log"


def test_the_style_is_a_style_sheet(pyplot: Any) -> None:
    with pyplot.style.context(STYLE):
        assert not mpl.rcParams["axes.spines.top"] and not mpl.rcParams["text.usetex"]


def test_the_axis_is_what_is_missing_or_a_sequence() -> None:
    assert error.plot(n=8, sigma=1.5).get_xlabel() == r"$\lambda$"
    assert error.plot(n=8, sigma=[1.0, 2.0], ridge=1).get_xlabel() == r"$\sigma$"
    assert error.plot("ridge", n=8, sigma=1.5, log="x").get_xscale() == "log"
    assert error.plot("n", sigma=1.5, ridge=1, log="").get_yscale() == "linear"


def test_only_what_is_in_the_domain_is_drawn() -> None:
    kramers = catalogue()["balance.jump_rate_kramers"]
    values = usual_values(kramers, "separation", {"p": 0.5, "sigma": 2.0, "step": 0.02})
    assert values.min() > 4.0 and values.max() == 30.0
    with pytest.raises(ValueError, match="holds nowhere in the usual range of separation"):
        usual_values(kramers, "separation", {"p": 0.5, "sigma": 40.0, "step": 0.02})


def _comparison() -> xr.Dataset:
    data = simulate.curves.denoiser(
        simulate.Mixture(d=300, sigma=1.5), n=[4, 8], ridge=0.1, schedule=linear, times=[0.3, 0.5, 0.7], seeds=4,
        seed=0, progress=False,
    )
    return simulate.compare(data, limited_samples.skip)


def test_a_comparison_draws_measurements_and_theory() -> None:
    found = _comparison()
    ax = plot_comparison(found)
    assert len(ax.containers) == 2 and ax.get_ylabel() == "$c$" and ax.get_xlabel() == "$t$"
    np.testing.assert_array_equal(_theory(ax)[1].get_ydata(), found["theory"].sel(n=8))
    points = ax.containers[0].lines[0].get_ydata()
    np.testing.assert_array_equal(points, found["measured"].sel(n=4))
    assert sorted(text.get_text() for text in ax.get_legend().get_texts()) == ["$n$ = 4", "$n$ = 8", "theory"]
    with pytest.raises(ValueError, match="over = 'sigma' is not a dim"):
        plot_comparison(found, "sigma")
    with pytest.raises(ValueError, match="single point"):
        plot_comparison(found.isel(n=0, t=0))


def _theory(ax: Any) -> list[Any]:
    """The lines of the theory, without those of the legend and of the measurements."""
    return [line for line in ax.get_lines() if line.get_linestyle() == "-" and len(line.get_xdata())]


def test_notebooks_show_the_verdict_of_a_comparison() -> None:
    found = _comparison()
    shown = found._repr_html_()
    verdict = found.attrs["verdict"].splitlines()[0].replace(">", "&gt;").replace("<", "&lt;")
    assert shown.startswith("<pre>") and verdict in shown.split("</pre>")[0] and "xarray.Comparison" in shown
    assert "verdict" in found.sel(n=4).attrs and float(found["zscore"].max()) < 6


def test_the_theory_is_drawn_between_the_points_where_it_is_known() -> None:
    found, on_linear = _comparison(), limited_samples.skip.on(linear)
    for line, n in zip(_theory(plot_comparison(found, formula=on_linear)), (4, 8), strict=True):
        x, y = line.get_data()
        assert len(x) > 100 and (x[0], x[-1]) == (0.3, 0.7) and set(found["t"].values) <= set(x)
        np.testing.assert_array_equal(y, on_linear(t=x, n=n, sigma=1.5, ridge=0.1))
    over_n = _theory(plot_comparison(found, "n"))  # the catalogue's formula is one of n: no formula need be given
    assert len(over_n) == 3 and all(len(line.get_xdata()) > 100 for line in over_n)
    assert [len(line.get_xdata()) for line in _theory(plot_comparison(found))] == [3, 3]
    with pytest.raises(ValueError, match="is no function of t"):
        plot_comparison(found, formula=limited_samples.skip)
    with pytest.raises(ValueError, match="does not have the values"):
        plot_comparison(found, formula=limited_samples.overlap_mean.on(linear))


REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: error.plot("m", n=8), ValueError, "over = 'm' is not an argument"),
    (lambda: error.plot("n"), TypeError, "needs sigma, ridge"),
    (lambda: error.plot(n=[2, 4], sigma=[1.0, 2.0], ridge=1), ValueError, "n and sigma are sequences"),
    (lambda: error.plot(n=[[2, 4]], sigma=1, ridge=1), ValueError, "n has 2 dimensions"),
    (lambda: error.plot("n", n=8, sigma=1, ridge=1), ValueError, "is no axis"),
    (lambda: error.plot("n", sigma=-1, ridge=1), ValueError, "sigma = -1.0 is not allowed"),
    (lambda: error.plot("n", sigma=1, ridge=1, log="z"), ValueError, "log = 'z' must be"),
    (lambda: error.plot("n", sigma=1, ridge=1, color="red"), TypeError, "no argument 'color'"),
    (lambda: error.plot("n", sigma=[1, 2], ridge=1, label="x"), ValueError, "is for a single curve"),
    (lambda: error.plot("n", sigma=1, ridge=1, field="m"), ValueError, "has one value"),
    (lambda: phases.first_phase.plot("s", **FIRST), ValueError, "say which: field='omega' or"),
    (lambda: limited_samples.bayes_error.plot("n", sigma=1, band=100), AttributeError, "has no fluctuation"),
    (lambda: error.plot("n", sigma=1, ridge=1, band=0), ValueError, "band = 0 is not allowed: a dimension"),
    (lambda: error.plot("n", sigma=1, ridge=1, band=float("nan")), ValueError, "band = nan is not allowed"),
    (lambda: error.plot("n", sigma=1, ridge=1, band="a"), TypeError, "band = 'a' must be a real number"),
    (lambda: error.plot("n", sigma=[], ridge=1), ValueError, "sigma is empty; give at least one number"),
    (lambda: error.plot("n", sigma=1, ridge=1, ax=3), TypeError, "ax = 3 must be plain axes of matplotlib"),
    (lambda: limited_samples.skip.plot("t", n=8, sigma=1, ridge=1, t=[0.1, 0.5]), TypeError,
     "has no argument 't'; its arguments are alpha, beta, n, sigma, ridge, draws, radius; a formula in t is that .on("),
    (lambda: plot_comparison(xr.Dataset()), TypeError, "what simulate.compare returned"),
]


@pytest.mark.parametrize(("make", "error_type", "told"), REFUSED, ids=[told for _, _, told in REFUSED])
def test_what_is_refused(make: Callable[[], Any], error_type: type[Exception], told: str) -> None:
    with pytest.raises(error_type, match=re.escape(told)):
        make()


def test_the_typical_curve_is_a_file_that_repeats(tmp_path: Path) -> None:
    for name in ("first", "second"):
        save_curves(typical_curves(error), tmp_path / f"{name}.pdf")
    assert (tmp_path / "first.pdf").read_bytes() == (tmp_path / "second.pdf").read_bytes()
    (curve,) = typical_curves(error).drawn
    assert curve.width is not None and (curve.width > 0).all() and "d = 1000" in typical_curves(error).title
    assert typical_curves(phases.first_phase).y == "omega"


@pytest.mark.parametrize("name", list(catalogue()))
def test_no_typical_curve_is_constant_unless_the_formula_is(name: str) -> None:
    found = typical_curves(catalogue()[name])
    (curve,) = found.drawn
    assert np.isfinite(curve.y).all() and len(curve.x) > 50
    assert np.ptp(curve.y) > 0, found.title


def test_plot_is_also_a_function() -> None:
    assert plot(error, "n", sigma=1.5, ridge=0.1).get_xlabel() == "$n$"
