"""The interval in which a feature is decided: against theory, with honest errors, on any time axis."""

from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.optimize import brentq

from asymptotics import phases
from simulate import features
from simulate.images import informedness

P, RATE = 0.8, 6.0
TIMES = np.linspace(0.04, 0.76, 19)


def _shares(t: Any) -> tuple[Any, Any]:
    """The theory's curves on the linear schedule, clock s = RATE beta/alpha."""
    clock = RATE * np.asarray(t) / (1 - np.asarray(t))
    return phases.uturn_sde_plus(p=P, s=clock), phases.uturn_sde_minus(p=P, s=clock)


def _curves(times: Any, count: int, seed: int, flip: bool = False) -> xr.Dataset:
    plus, minus = _shares(times)
    found = np.random.default_rng(seed).binomial(count, np.stack([plus, minus], axis=1)) / count
    errors = np.sqrt((found * (1 - found) + 1 / count) / count)
    t = 1 - times if flip else times
    return xr.Dataset(
        {"fraction": (("t", "start"), found), "fraction_stderr": (("t", "start"), errors)},
        {"t": t, "start": ["a", "b"]},
    )


def _exact(level: float) -> float:
    return float(brentq(lambda t: float(np.subtract(*_shares(t))) - level, 1e-6, 0.95))


def test_it_is_the_theory_s_with_honest_errors() -> None:
    """Over 60 experiments: the mean within the bias of the rule (interpolation, an increasing fit of noise), and the
    errors it states those that it makes."""
    found = [features.interval(_curves(TIMES, 400, k), plus="a", minus="b", ends=(0, 1), draws=200) for k in range(60)]
    for name, level in (("part", 0.1), ("saturate", 0.9)):
        ends = np.array([getattr(each, name).value for each in found])
        stated = np.array([getattr(each, name).stderr for each in found])
        made = ends.std(ddof=1)
        # The spread of 60 has an error of 9 %; 5 of them, and what the bootstrap's normal law leaves.
        assert 0.5 < stated.mean() / made < 2.0
        assert abs(ends.mean() - _exact(level)) < 5 * made / 60**0.5 + 0.01
    assert all(each.determined for each in found)
    low, high = found[0].ends
    assert low == found[0].part.value < high == found[0].saturate.value


def test_many_starts_find_it() -> None:
    times = np.linspace(0.01, 0.9, 90)
    found = features.interval(_curves(times, 200_000, 1), plus="a", minus="b", ends=(0, 1))
    for end, level in ((found.part, 0.1), (found.saturate, 0.9)):
        assert abs(end.value - _exact(level)) < 5 * end.stderr + 1e-3 and end.stderr < 0.005


def test_the_axis_may_run_the_other_way() -> None:
    one = features.interval(_curves(TIMES, 400, 3), plus="a", minus="b", ends=(0, 1), seed=2)
    two = features.interval(_curves(TIMES, 400, 3, flip=True), plus="a", minus="b", ends=(1, 0), seed=2)
    assert two.part.value == pytest.approx(1 - one.part.value)
    assert two.saturate.stderr == pytest.approx(one.saturate.stderr)
    assert two.ends == pytest.approx((1 - one.ends[1], 1 - one.ends[0]))


def test_few_starts_leave_it_undetermined() -> None:
    found = features.interval(_curves(TIMES[::6], 8, 1), plus="a", minus="b", ends=(0, 1))
    assert not found.determined and str(found).startswith("undetermined: curves part at ")
    with pytest.raises(ValueError, match="measure more starts"):
        _ = found.ends


def test_ends_that_were_not_measured_are_not_precise() -> None:
    """Beyond the last measured time the end may lie anywhere up to the end of the axis."""
    times = np.array([0.001, 0.1, 0.2])
    found = features.interval(_curves(times, 200_000, 1), plus="a", minus="b", ends=(0, 1))
    assert found.saturate.value > 0.2 and found.saturate.stderr == pytest.approx(0.8, rel=0.01)
    assert not found.determined
    late = features.interval(_curves(np.array([0.3, 0.5, 0.9]), 200_000, 1), plus="a", minus="b", ends=(0, 1))
    assert late.part.value < 0.3 and late.part.stderr == pytest.approx(0.3, rel=0.01)


@pytest.mark.parametrize(("turns", "width"), [(12, 0.001), (12, 0.01), (12, 0.03), (4, 0.02), (2, 0.02), (24, 0.03)])
def test_features_sharper_than_the_times(turns: int, width: float) -> None:
    """Logistic curves of 54 starts with 16 returns each: ends that are said to be determined lie within 3 of their
    standard errors of the truth, in all but 5 of 200 experiments."""
    times = np.linspace(0, 1, turns + 2)[1:-1]
    generator, centre, bad = np.random.default_rng(4), 0.46, np.zeros(2)
    for _ in range(200):
        share = np.stack([np.full(turns, 0.8), 0.8 - 0.8 / (1 + np.exp(-(times - centre) / width))], axis=1)
        share[:, 0] += 0.2 / (1 + np.exp(-(times - centre) / width))
        found = generator.binomial(54 * 16, share) / (54 * 16)
        error = np.sqrt((found * (1 - found) + 1 / 54) / 54)
        curves = xr.Dataset(
            {"fraction": (("t", "start"), found), "fraction_stderr": (("t", "start"), error)},
            {"t": times, "start": ["a", "b"]},
        )
        ends = features.interval(curves, plus="a", minus="b", ends=(0, 1), draws=100)
        for k, (end, level) in enumerate(((ends.part, 0.1), (ends.saturate, 0.9))):
            truth = centre + width * np.log(level / (1 - level))
            bad[k] += ends.determined and abs(end.value - truth) > 3 * end.stderr
    assert (bad <= 5).all()


def test_the_order_of_the_ends_is_checked() -> None:
    curves = _curves(TIMES, 400, 3).assign_coords(alpha=("t", 1 - TIMES))
    assert features.interval(curves, plus="a", minus="b", ends=(0, 1)).determined
    with pytest.raises(ValueError, match="give the noise end first"):
        features.interval(curves, plus="a", minus="b", ends=(1, 0))


def test_a_classifier_that_errs_saturates_lower() -> None:
    """Both curves drawn together by 10 % of wrong answers on either side: the same interval."""
    curves = _curves(np.linspace(0.01, 0.9, 90), 200_000, 1)
    worse = curves.assign(fraction=0.1 + 0.8 * curves["fraction"], fraction_stderr=0.8 * curves["fraction_stderr"])
    one = features.interval(curves, plus="a", minus="b", ends=(0, 1))
    two = features.interval(worse, plus="a", minus="b", ends=(0, 1), saturated=0.8)
    assert two.ends == pytest.approx(one.ends, abs=1e-9)


CURVES = _curves(TIMES, 400, 1)


def test_the_wrong_way_round_parts_at_the_end() -> None:
    """Curves that are apart next to the noise end, where they cannot be."""
    found = features.interval(CURVES, plus="a", minus="b", ends=(1, 0))
    assert found.part.value > 0.9


@pytest.mark.parametrize(("change", "words"), [
    ({"plus": "c"}, "no start is named 'c'; there are a, b"), ({"ends": (1, 1)}, "must be two times"),
    ({"ends": (0, 0.5)}, "between the ends"), ({"saturated": 0.0}, "saturated = 0.0"),
    ({"low": 0.9}, "0 < low < high < 1"), ({"draws": 3}, "draws = 3 must be >= 100"), ({"allowed": 0}, "allowed = 0"),
    ({"curves": CURVES.isel(t=[0])}, "two times or more"),
    ({"curves": CURVES.assign(fraction=np.nan * CURVES["fraction"])}, "not finite, or without an error"),
])
def test_bad_input(change: dict[str, Any], words: str) -> None:
    given: dict[str, Any] = {"curves": CURVES, "plus": "a", "minus": "b", "ends": (0, 1), **change}
    with pytest.raises(ValueError, match=words):
        features.interval(given.pop("curves"), **given)


def _labelled(curves: xr.Dataset) -> xr.Dataset:
    """The same two curves as shares of labels 4 and 9, starts named after them."""
    share = xr.concat([curves["fraction"], 1 - curves["fraction"]], dim="label")
    error = xr.concat([curves["fraction_stderr"]] * 2, dim="label")
    return xr.Dataset({"fraction": share, "fraction_stderr": error}).assign_coords(label=[4, 9], start=["4", "9"])


def test_labels_say_the_same_of_two_classes() -> None:
    curves = _curves(TIMES, 400, 3)
    one = features.interval(curves, plus="a", minus="b", ends=(0, 1))
    two = features.interval(_labelled(curves), ends=(0, 1))
    for end in ("part", "saturate"):
        assert getattr(two, end) == pytest.approx(getattr(one, end), rel=1e-9)


def test_many_labels() -> None:
    """Five classes whose starts return with probability g(t), else anywhere alike: the interval is that of g."""
    times = np.linspace(0.02, 0.98, 49)
    rising = 1 / (1 + np.exp(-(times - 0.5) * 20))
    share = rising[:, None, None] * np.eye(5) + (1 - rising)[:, None, None] / 5
    names = {"t": times, "start": list("01234"), "label": range(5)}
    curves = xr.Dataset(
        {"fraction": (("t", "start", "label"), share), "fraction_stderr": (("t", "start", "label"), 0 * share + 1e-2)},
        names,
    )
    found = features.interval(curves, ends=(0, 1))
    assert found.part.value == pytest.approx(0.5 - np.log(9) / 20, abs=0.01)
    assert found.saturate.value == pytest.approx(0.5 + np.log(9) / 20, abs=0.01)
    # Of the spread of five independent returns: sqrt(5)/4 each, over the slope of the curve there.
    assert found.part.stderr == pytest.approx(1e-2 * 5**0.5 / 4 / (20 * 0.09), rel=0.5)


def test_told_apart() -> None:
    assert informedness(np.diag([3, 7, 1])) == 1.0
    assert informedness(np.full((4, 4), 5)) == pytest.approx(0.0)
    assert informedness([[9, 1], [3, 7]]) == pytest.approx(0.9 + 0.7 - 1)
    for bad in (np.ones((2, 3)), [[1, 0], [0, 0]], [[1]]):
        with pytest.raises(ValueError, match="with test points of every class"):
            informedness(bad)


@pytest.mark.parametrize(("given", "words"), [
    ({"plus": "4"}, "give plus and minus, the names of two starts"),
    ({"plus": "4", "minus": "9"}, "curves are of several labels: select one"),
])
def test_curves_of_labels_are_not_mistaken(given: dict[str, str], words: str) -> None:
    curves = _labelled(_curves(TIMES, 40, 3))
    with pytest.raises(ValueError, match=words):
        features.interval(curves, ends=(0, 1), **given)
    with pytest.raises(ValueError, match="no start is named '9'"):
        features.interval(curves.sel(start=["4"]), ends=(0, 1))
    with pytest.raises(ValueError, match="give plus and minus"):
        features.interval(CURVES, ends=(0, 1))
