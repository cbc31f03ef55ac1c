"""The explorer in a real browser: its numbers against Python's, its sliders by keyboard, what it copies, its looks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.browser import EXPERIMENT, find, in_python, shown, type_into
from hypothesis import given

import asymptotics
from asymptotics.explorer import explorer_page, prints, write_explorer
from asymptotics.formula import Formula, Minimiser
from asymptotics.schedule import linear
from asymptotics.testing import arguments

CLOSE = 1e-10
COMPUTED = [each for each in asymptotics.catalogue().values() if prints(each) and not isinstance(each, Minimiser)]
FIRST = asymptotics.phases.first_phase
VALUES = ("omega", "b", "r", "m", "q", "objective")
assert FIRST.numbers is not None
# As a minimisation of one's own is that brings no script.
UNSOLVED = replace(FIRST, numbers=replace(FIRST.numbers, script="", values=()))


@pytest.mark.parametrize("formula", COMPUTED, ids=lambda each: each.name)
def test_numbers_are_pythons(page: Any, chromium: Any, formula: Formula) -> None:
    """On random points of the usual ranges, to 1e-10 of the value."""
    if not chromium.current_url.startswith("file:"):
        page()

    @given(point=arguments(formula))
    def agree(point: dict[str, float]) -> None:
        point = {name: float(value) for name, value in formula.domain.complete(point, formula.name).items()}
        found = chromium.execute_script("return formulas[arguments[0]](arguments[1])", formula.name, point)
        exact = float(formula(**point))
        assert found == pytest.approx(exact, rel=CLOSE, abs=1e-300), point

    agree()


def test_every_page_opens_alone_without_an_error(page: Any) -> None:
    """No request, no message in the console, no point where a formula starts that has no value."""
    driver = page()
    for formula in asymptotics.catalogue().values():
        driver.execute_script("location.hash = arguments[0]", f"#{formula.name}")
        driver.execute_async_script("setTimeout(arguments[0], 0)")
        assert find(driver, "name").text == formula.name
        assert formula.letter and find(driver, "formula").find_elements("tag name", "math")
        assert np.isfinite(shown(driver)), formula.name
        assert len(driver.find_element("css selector", "path.curve").get_attribute("d")) > 200, formula.name
    assert driver.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert [each for each in driver.get_log("browser") if each["level"] != "INFO"] == []


@pytest.mark.parametrize(("name", "argument"), [
    ("limited_samples.mean_error", "sigma"), ("phases.mmse", "p"), ("phases.uturn_ode_minus", "s"),
    ("balance.imh_acceptance_gaussian", "scale"), ("limited_samples.best_ridge", "n"),
])
def test_sliders_move_by_keyboard_and_show_pythons_value(page: Any, name: str, argument: str) -> None:
    from selenium.webdriver.common.keys import Keys

    formula = asymptotics.get(name)
    driver = page(f"{name}?x={formula.arguments[0]}&n=4&sigma=2")
    before, curve = shown(driver), driver.find_element("css selector", "path.curve").get_attribute("d")
    slider = find(driver, f"argument-{argument}")
    for key in (Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.PAGE_DOWN):
        slider.send_keys(key)
        assert shown(driver) == pytest.approx(in_python(driver), rel=CLOSE)
    assert shown(driver) != before
    moved = driver.find_element("css selector", "path.curve").get_attribute("d")
    assert (moved == curve) == (argument == formula.arguments[0])
    # The address holds what is seen.
    again = driver.current_url
    driver.get("about:blank")
    driver.get(again)
    assert shown(driver) == pytest.approx(in_python(driver), rel=CLOSE)


def _first(driver: Any, point: dict[str, float]) -> Any:
    """What the page finds, infinities as text."""
    return driver.execute_script(
        "const found = formulas['phases.first_phase'](arguments[0]);"
        "return found && Object.fromEntries(Object.entries(found).map(([name, x]) => [name, String(x)]))", point,
    )


def _agrees(found: Any, point: dict[str, float]) -> None:
    exact = FIRST(**point)
    for name in VALUES:
        here = float(found[name].replace("Infinity", "inf"))
        # b crosses 0: there the rounding of F is an absolute error.
        slack = 1e-12 if name == "b" else 1e-300
        assert here == pytest.approx(float(getattr(exact, name)), rel=CLOSE, abs=slack), (name, point)


def test_the_minimisation_is_pythons(page: Any) -> None:
    """On random points of the usual ranges, on both branches, with equal counts, at s = 0, without a ridge on u."""
    driver = page("phases.first_phase")

    @given(point=arguments(FIRST))
    def agree(point: dict[str, float]) -> None:
        plain = {name: float(value) for name, value in point.items()}
        _agrees(_first(driver, plain), plain)

    agree()
    light = {"n_plus": 13.0, "n_minus": 3.0, "sigma": 1.0, "ridge_u": 0.1, "ridge_w": 0.5, "s": 1.0}
    heavy = {**light, "ridge_u": 2.0, "ridge_w": 2.0}
    for change in ({}, {"n_minus": 13.0}, {"s": 0.0}, {"n_plus": 3.0, "n_minus": 13.0, "s": 0.0}, {"ridge_u": 0.0}):
        _agrees(_first(driver, {**light, **change}), {**light, **change})
    for s in (0.4, 0.42):  # The jump is at .41.
        _agrees(_first(driver, {**heavy, "s": s}), {**heavy, "s": s})
    with pytest.raises(ValueError, match="no minimiser"):
        FIRST(**{**light, "ridge_u": 0.0, "ridge_w": 50.0})
    assert _first(driver, {**light, "ridge_u": 0.0, "ridge_w": 50.0}) is None


def test_a_minimisation_has_a_curve_of_each_value(page: Any) -> None:
    """With its letter, its call, its place in the address; broken where the least point jumps, and not elsewhere."""
    point = "n_plus=13&n_minus=3&sigma=1&ridge_u=2&ridge_w=2"
    driver = page(f"phases.first_phase?x=s&{point}&s=1")
    options = find(driver, "drawn").find_elements("tag name", "option")
    assert [each.text for each in options] == list(VALUES) and not find(driver, "elsewhere").is_displayed()
    for option, letter in zip(options, "\u03c9brmqF", strict=True):
        option.click()
        assert find(driver, "ylabel").text == letter and find(driver, "call").text.endswith(f").{option.text}")
        assert shown(driver) == pytest.approx(in_python(driver), rel=CLOSE)
        pieces = driver.find_element("css selector", "path.curve").get_attribute("d").count("M")
        # b is infinite before the jump.
        assert pieces == (1 if option.text == "b" else 2)
    again = driver.current_url
    driver.get("about:blank")
    driver.get(again)
    assert "value=objective" in again and shown(driver) == pytest.approx(in_python(driver), rel=CLOSE)
    where = float(asymptotics.phases.jump(n_plus=13, n_minus=3, sigma=1, ridge_u=2, ridge_w=2))
    ends = driver.execute_script(
        "return sampled().filter(({branch}, k, all) => all[k + 1] && branch !== all[k + 1].branch)"
    )
    assert [end["x"] for end in ends] == [pytest.approx(where, rel=1e-3)]
    driver = page(f"phases.first_phase?x=sigma&value=b&{point}&s=0.1")
    assert find(driver, "value").text == "\u221e"
    record = json.loads(driver.execute_script("return record()"))["value"]
    assert float(record["b"]) == np.inf and record["omega"] == 0 and set(record) == set(VALUES)


def test_a_minimisation_without_a_script_says_why_it_has_no_curve(chromium: Any, tmp_path: Path) -> None:
    path = write_explorer(tmp_path / "unsolved.html", [UNSOLVED])
    chromium.get("about:blank")
    chromium.get(path.as_uri())
    assert "No curve" in find(chromium, "elsewhere").text and "cannot compute" in find(chromium, "elsewhere").text
    assert not find(chromium, "plotting").is_displayed() and not find(chromium, "json").is_displayed()
    assert "argmin" in find(chromium, "formula").text and find(chromium, "python").is_enabled()


def test_time_dilated_and_not(page: Any) -> None:
    """On the linear schedule alpha = 1 - t; dilated, half the time is below kappa/sqrt(d)."""
    driver = page("phases.field_mean?x=time&t=0.3&sigma=1.5&d=100&kappa=2")
    assert "alpha=0.7, beta=0.3" in find(driver, "call").text
    on_time = asymptotics.phases.field_mean.on(linear)
    assert shown(driver) == pytest.approx(float(on_time(t=0.3, sigma=1.5)), rel=CLOSE)
    find(driver, "dilated").click()
    assert "beta=0.12," in find(driver, "call").text  # 2 kappa t/sqrt(d)
    assert shown(driver) == pytest.approx(float(on_time(t=0.12, sigma=1.5)), rel=CLOSE)
    for name in ("kappa", "d"):
        assert find(driver, f"argument-{name}").is_displayed()
    driver = page("phases.velocity_linear?x=time&t=0.3&sigma=1.5&d=100&kappa=2&dilated=1")
    assert "dalpha=-0.4, dbeta=0.4" in find(driver, "call").text


def test_bad_arguments_are_said(page: Any) -> None:
    driver = page("limited_samples.mean_error?x=n&n=4&sigma=1.5&ridge=0.1")
    type_into(driver, "sigma", "-1")
    assert find(driver, "value").text == "sigma = \u22121: needs sigma > 0" and find(driver, "call").text == ""
    type_into(driver, "sigma", "2")
    assert shown(driver) == pytest.approx(in_python(driver), rel=CLOSE)
    driver = page("limited_samples.skip?x=sigma&n=1&draws=1")
    assert find(driver, "value").text.startswith("needs n*draws > 1")


def test_an_empty_field_is_no_number(page: Any) -> None:
    """Neither 0 nor the number from before; the band's field too."""
    from selenium.webdriver.common.keys import Keys

    driver = page("limited_samples.mean_error?x=n&n=4&sigma=1.5&ridge=0.1")
    before = shown(driver)
    type_into(driver, "sigma", Keys.BACKSPACE)
    assert find(driver, "argument-sigma-wrong").text == "empty: type a number"
    assert find(driver, "argument-sigma-number").get_attribute("aria-invalid") == "true"
    assert find(driver, "value").text == "no value while sigma has none" and find(driver, "call").text == ""
    assert not driver.find_elements("css selector", "path.curve, circle.here")
    assert "No curve" in find(driver, "figure").text
    assert not any(find(driver, name).is_enabled() for name in ("python", "json", "keep"))
    type_into(driver, "sigma", "1.5")
    assert shown(driver) == before and find(driver, "argument-sigma-wrong").text == ""
    # Of the argument along the axis the curve stays true: only the point on it goes.
    type_into(driver, "n", Keys.BACKSPACE)
    assert driver.find_elements("css selector", "path.curve")
    assert not driver.find_elements("css selector", "circle.here")
    find(driver, "reset").click()
    assert np.isfinite(shown(driver)) and find(driver, "argument-n-wrong").text == ""
    band = find(driver, "bandDimension")
    band.send_keys(Keys.CONTROL, "a")
    band.send_keys(Keys.BACKSPACE)
    assert find(driver, "bandDimension-wrong").text == "empty: type a number"
    assert not driver.find_elements("css selector", "polygon.band") and "\u00b1" not in find(driver, "value").text


@pytest.mark.parametrize(("typed", "read"), [
    ("1,5", 1.5), ("0,125", 0.125), (" 2e-1 ", 0.2), (".5", 0.5), ("1,000", None), ("1,000,000", None), ("1.5.2", None),
    ("0x10", None), ("1/2", None), ("Infinity", None), ("1e999", None), ("1e-999", None), ("-", None),
])
def test_numbers_are_read_as_typed_or_refused(page: Any, typed: str, read: float | None) -> None:
    """A comma begins decimals or is refused; it is never dropped."""
    from selenium.webdriver.common.keys import Keys

    driver = page("limited_samples.mean_error?x=n&n=4&sigma=3&ridge=0.1")
    type_into(driver, "sigma", typed)
    if read is None:
        assert find(driver, "argument-sigma-wrong").text and not driver.find_elements("css selector", "path.curve")
        return
    assert f"sigma={read}," in find(driver, "call").text
    assert shown(driver) == pytest.approx(in_python(driver), rel=CLOSE)
    field = find(driver, "argument-sigma-number")
    field.send_keys(Keys.TAB)
    assert float(field.get_attribute("value")) == read
    # As fields of numbers do, arrows move the slider.
    field.send_keys(Keys.ARROW_UP)
    assert f"sigma={read}," not in find(driver, "call").text
    assert shown(driver) == pytest.approx(in_python(driver), rel=CLOSE)


@pytest.mark.parametrize("button", ["latex", "python", "json"])
def test_copies_can_be_pasted(page: Any, button: str) -> None:
    from selenium.webdriver.common.keys import Keys

    driver = page("limited_samples.mean_error?x=n&n=4&sigma=1.5&ridge=0.1")
    formula = asymptotics.limited_samples.mean_error
    find(driver, button).click()
    driver.execute_script("document.body.append(Object.assign(document.createElement('textarea'), {id: 'paste'}))")
    field = find(driver, "paste")
    field.send_keys(Keys.CONTROL, "v")
    pasted = field.get_attribute("value")
    if button == "latex":
        assert pasted == formula.latex()
    elif button == "python":
        assert pasted == (
            "from asymptotics import limited_samples\nlimited_samples.mean_error(n=4, sigma=1.5, ridge=0.1)"
        )
    else:
        record = json.loads(pasted)
        assert record["name"] == formula.name
        assert record["value"] == pytest.approx(float(formula(**record["arguments"])), rel=CLOSE)


def test_experiments_and_the_band(page: Any) -> None:
    """Choosing an experiment sets the sliders to it; the band is two standard deviations at its dimension."""
    driver = page("limited_samples.mean_error")
    assert not driver.find_elements("css selector", "circle.seen")
    find(driver, "experiment").find_elements("tag name", "option")[1].click()
    assert len(driver.find_elements("css selector", "circle.seen")) == 2
    assert "sigma=1.5, ridge=0.1" in find(driver, "call").text
    assert find(driver, "bandDimension").get_attribute("value") == "500"
    formula = asymptotics.limited_samples.mean_error
    off = float(find(driver, "value").text.split("\u00b1")[1])
    exact = float(formula.fluctuation(n=16, sigma=1.5, ridge=0.1)) / 500**0.5
    assert off == pytest.approx(exact, rel=0.05)  # Two digits are shown.
    from selenium.webdriver.common.keys import Keys

    find(driver, "argument-sigma").send_keys(Keys.ARROW_RIGHT)
    assert not driver.find_elements("css selector", "circle.seen")


def test_axes_are_labelled_with_letters(page: Any) -> None:
    """Set as type, the value's above the chart and the argument's beneath it."""
    driver = page("limited_samples.mean_error?x=sigma")
    above, below = find(driver, "ylabel"), find(driver, "xlabel")
    assert above.text == "\u2130" and above.find_elements("tag name", "math")
    assert below.find_elements("tag name", "math") and "sigma" in below.text
    figure = find(driver, "figure").rect
    assert above.rect["y"] + above.rect["height"] <= figure["y"] + 1
    assert below.rect["y"] >= figure["y"] + figure["height"] - 1
    for name in asymptotics.catalogue():
        driver.execute_script("location.hash = arguments[0]", f"#{name}")
        driver.execute_async_script("setTimeout(arguments[0], 0)")
        assert above.find_elements("tag name", "math") and above.text.strip(), name
        cut = driver.execute_script(
            "const box = document.querySelector('#figure svg').getBoundingClientRect();"
            "return [...document.querySelectorAll('#figure text')].map((text) => text.getBoundingClientRect())"
            ".filter((text) => text.left < box.left - 1 || text.right > box.right + 1).length"
        )
        assert cut == 0, name


def test_the_chart_stays_in_sight_on_a_phone(page: Any) -> None:
    """While the last slider is moved; the header is a row, and no wider than the screen."""
    driver = page()
    emulated = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", emulated)
    try:
        driver = page("limited_samples.mean_error")
        assert find(driver, "menu").rect["height"] < driver.find_element("tag name", "header").rect["height"] <= 60
        for name in ("n", "sigma", "radius"):
            slider = find(driver, f"argument-{name}")
            driver.execute_script("arguments[0].focus(); arguments[0].scrollIntoView()", slider)
            seen = driver.execute_script(
                "return ['.chart', '#figure', '#value', arguments[0]].map((name) =>"
                "(({top, bottom}) => [top, bottom])(document.querySelector(name).getBoundingClientRect()))",
                f"#argument-{name}",
            )
            chart, figure, value, thumb = seen
            assert figure[0] >= 0 and value[1] <= chart[1] <= thumb[0] and thumb[1] <= 844, (name, seen)
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("dark", [False, True])
def test_on_a_phone_nothing_is_wider_than_the_screen(page: Any, dark: bool, tmp_path: Path) -> None:
    driver = page()
    emulated = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", emulated)
    scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
    try:
        driver = page()
        paper = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert paper == ("rgb(21, 23, 27)" if dark else "rgb(253, 253, 251)")
        for formula in asymptotics.catalogue().values():
            driver.execute_script("location.hash = arguments[0]", f"#{formula.name}")
            driver.execute_async_script("setTimeout(arguments[0], 0)")
            wide = driver.execute_script("return document.documentElement.scrollWidth")
            assert wide <= 390, formula.name
        menu = find(driver, "menu")
        assert not find(driver, "filter").is_displayed()
        menu.click()
        assert find(driver, "filter").is_displayed()
        shot = tmp_path / "phone.png"
        assert driver.save_screenshot(str(shot)) and shot.stat().st_size > 10_000
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_what_a_page_cannot_hold() -> None:
    with pytest.raises(ValueError, match="at least one formula"):
        explorer_page([])
    with pytest.raises(ValueError, match=r"measures limited_samples\.mean_error, which is not among"):
        explorer_page([asymptotics.phases.mmse], [EXPERIMENT])
    from asymptotics.explorer import function

    with pytest.raises(TypeError, match="minimisation in several unknowns"):
        function(UNSOLVED)


def test_no_text_ends_the_script() -> None:
    found = explorer_page([asymptotics.phases.mmse], heading="</script><b>&")
    assert found.count("</script") == 1 and "<b>&" not in found.split("<style>")[0]
