"""The interval in which a feature is decided: against theory, with honest errors, on any time axis."""

from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.optimize import brentq

from asymptotics import phases
from simulate import feature_interval

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
    found = [feature_interval(_curves(TIMES, 400, k), plus="a", minus="b", ends=(0, 1), draws=200) for k in range(60)]
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
    found = feature_interval(_curves(times, 200_000, 1), plus="a", minus="b", ends=(0, 1))
    for end, level in ((found.part, 0.1), (found.saturate, 0.9)):
        assert abs(end.value - _exact(level)) < 5 * end.stderr + 1e-3 and end.stderr < 0.005


def test_the_axis_may_run_the_other_way() -> None:
    one = feature_interval(_curves(TIMES, 400, 3), plus="a", minus="b", ends=(0, 1), seed=2)
    two = feature_interval(_curves(TIMES, 400, 3, flip=True), plus="a", minus="b", ends=(1, 0), seed=2)
    assert two.part.value == pytest.approx(1 - one.part.value)
    assert two.saturate.stderr == pytest.approx(one.saturate.stderr)
    assert two.ends == pytest.approx((1 - one.ends[1], 1 - one.ends[0]))


def test_few_starts_leave_it_undetermined() -> None:
    found = feature_interval(_curves(TIMES[::6], 8, 1), plus="a", minus="b", ends=(0, 1))
    assert not found.determined and str(found).startswith("undetermined: curves part at ")
    with pytest.raises(ValueError, match="measure more starts"):
        _ = found.ends


def test_a_classifier_that_errs_saturates_lower() -> None:
    """Both curves drawn together by 10 % of wrong answers on either side: the same interval."""
    curves = _curves(np.linspace(0.01, 0.9, 90), 200_000, 1)
    worse = curves.assign(fraction=0.1 + 0.8 * curves["fraction"], fraction_stderr=0.8 * curves["fraction_stderr"])
    one = feature_interval(curves, plus="a", minus="b", ends=(0, 1))
    two = feature_interval(worse, plus="a", minus="b", ends=(0, 1), saturated=0.8)
    assert two.ends == pytest.approx(one.ends, abs=1e-9)


CURVES = _curves(TIMES, 400, 1)


def test_the_wrong_way_round_parts_at_the_end() -> None:
    """Curves that are apart next to the noise end, where they cannot be."""
    found = feature_interval(CURVES, plus="a", minus="b", ends=(1, 0))
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
        feature_interval(given.pop("curves"), **given)
