"""A real headless Chromium for the tests of pages, through Debian's chromium-driver, and what is read off a page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

import asymptotics
from asymptotics.explorer import Experiment

EXPERIMENT = Experiment(
    "limited_samples.mean_error", "Two points", "n", {"sigma": 1.5, "ridge": 0.1, "draws": 1.0, "radius": 1.0},
    [(4.0, 0.93, 0.01), (16.0, 0.19, 0.004)], d=500.0,
)

_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--hide-scrollbars", "--window-size=1280,1000",
)


def browser() -> Iterator[Any]:
    """The driver; the tests are skipped where there is no Chromium, and say so."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no chromium and chromedriver on the path: Debian's packages chromium and chromium-driver")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in _FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    found = webdriver.Chrome(options=options, service=Service(driver))
    yield found
    found.quit()


def find(driver: Any, name: str) -> Any:
    return driver.find_element("id", name)


def shown(driver: Any) -> float:
    return float(find(driver, "value").text.split(" ")[0])


def in_python(driver: Any) -> float:
    """The value in Python of the call that the page shows."""
    rooms = {name: getattr(asymptotics, name) for name in ("limited_samples", "phases", "balance")}
    return float(eval(find(driver, "call").text, rooms))


def type_into(driver: Any, name: str, text: str) -> None:
    from selenium.webdriver.common.keys import Keys

    field = find(driver, f"argument-{name}-number")
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(text)
