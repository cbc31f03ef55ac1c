"""Finding one's way on the explorer's page: search, keyboard, addresses, and what is copied from it."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
import pytest
from helpers.browser import find, shown, type_into

import asymptotics
from asymptotics.explorer import write_explorer


def test_it_is_found_by_searching_and_by_keyboard(page: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    driver = page()
    field = find(driver, "filter")
    field.send_keys("kramers")
    links = driver.find_elements("css selector", "#list a")
    assert [each.text for each in links] == ["Jump rate Kramers"]
    field.send_keys(Keys.TAB)
    driver.switch_to.active_element.send_keys(Keys.ENTER)
    driver.execute_async_script("setTimeout(arguments[0], 0)")
    assert find(driver, "name").text == "balance.jump_rate_kramers"


def test_calls_have_all_digits_and_names_that_exist(page: Any, chromium: Any) -> None:
    driver = page("phases.mmse?x=s&s=1.23456789012345678")
    driver.execute_script("window.copied = program()")
    space: dict[str, Any] = {}
    head, call = driver.execute_script("return window.copied").split("\n")
    exec(head, space)
    record = json.loads(driver.execute_script("return record()"))
    assert float(eval(call, space)) == pytest.approx(record["value"], rel=1e-14)
    derived = asymptotics.limited_samples.mean_error.limit("draws", 1)
    with NamedTemporaryFile(suffix=".html") as file:
        write_explorer(file.name, [derived])
        chromium.get(Path(file.name).as_uri())
        first, second = chromium.execute_script("return program()").split("\n")
    assert first == f"# f: the formula {derived.name}" and second.startswith("f(n=")


def test_choosing_by_keyboard_stays_in_the_list(page: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    driver = page("phases.speciation")
    assert driver.execute_script(
        "const [a, b] = [document.querySelector('#list [aria-current]'), document.querySelector('nav')]"
        ".map((each) => each.getBoundingClientRect()); return a.top >= b.top - 1 && a.bottom <= innerHeight + 1"
    )
    link = driver.find_element("css selector", "#list a[href='#phases.spinodal']")
    driver.execute_script("arguments[0].focus()", link)
    link.send_keys(Keys.ENTER)
    assert find(driver, "name").text == "phases.spinodal"
    assert driver.execute_script("return document.activeElement.getAttribute('href')") == "#phases.spinodal"


def test_sources_are_searched(page: Any) -> None:
    driver = page()
    find(driver, "filter").send_keys("2412.07972")
    names = [each.get_attribute("href").split("#")[1] for each in driver.find_elements("css selector", "#list a")]
    assert names and all("2412.07972" in str(asymptotics.get(name).source) for name in names)


def test_a_search_without_hits_says_so(page: Any) -> None:
    driver = page()
    field = find(driver, "filter")
    field.send_keys("zebra <b>")
    assert "Nothing matches \u201czebra <b>\u201d" in find(driver, "unmatched").text
    assert not driver.find_elements("css selector", "#list a")
    field.clear()
    field.send_keys("kramers")
    assert find(driver, "unmatched").text == "" and driver.find_elements("css selector", "#list a")


@pytest.mark.parametrize("name", ["limited_samples.mean_eror", "phases.mean_error", "%E0%A4%A", "<b>x", "mmse?x=s"])
def test_a_name_that_is_not_there_is_said(page: Any, name: str) -> None:
    """With the names most like it; the page goes on working, and the formula shown before is not left standing."""
    from urllib.parse import unquote

    driver = page(name)
    asked = name.split("?")[0]
    assert find(driver, "asked").text in (asked, unquote(asked)) and "No such formula" in driver.title
    assert not find(driver, "chosen").is_displayed()
    near = driver.find_elements("css selector", "#nearest a")
    assert len(near) == 5
    if name.startswith("limited"):
        assert near[0].text == "Mean error"
    elif name.startswith("mmse"):
        assert near[0].text == "MMSE"
    near[0].click()
    driver.execute_async_script("setTimeout(arguments[0], 0)")
    assert find(driver, "chosen").is_displayed() and not find(driver, "missing").is_displayed()
    assert np.isfinite(shown(driver))
    driver.execute_script("location.hash = '#nowhere'")
    driver.execute_async_script("setTimeout(arguments[0], 0)")
    assert find(driver, "missing").is_displayed() and find(driver, "asked").text == "nowhere"
    find(driver, "theme").click()
    find(driver, "theme").click()
    assert [each for each in driver.get_log("browser") if each["level"] != "INFO"] == []


def test_what_is_not_understood_in_an_address_is_said(page: Any) -> None:
    driver = page("limited_samples.mean_error?x=n&n=4&sigma=abc&ridge=0.1&colour=red&t=")
    assert find(driver, "ignored").text.endswith(": sigma=abc, colour=red, t=")
    assert "n=4" in find(driver, "call").text and "ridge=0.1" in find(driver, "call").text
    find(driver, "reset").click()
    assert not find(driver, "ignored").is_displayed()
    driver = page("phases.field_mean?x=nothing&t=0.3")
    assert find(driver, "ignored").text.endswith(": x=nothing") and "beta=0.3" in find(driver, "call").text
    driver = page("phases.field_mean?x=time&t=2&sigma=1.5")
    assert find(driver, "ignored").text.endswith(": t=2")
    type_into(driver, "time", "2")
    assert find(driver, "value").text == "t = 2: needs 0 <= t <= 1"
