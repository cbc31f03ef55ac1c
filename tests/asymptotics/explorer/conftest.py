"""The explorer's page in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from helpers.browser import EXPERIMENT, browser

import asymptotics
from asymptotics.explorer import write_explorer


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    yield from browser()


@pytest.fixture(scope="module")
def page(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A function that opens the page at a formula and gives the driver."""
    path = write_explorer(
        tmp_path_factory.mktemp("explorer") / "index.html", asymptotics.catalogue().values(), [EXPERIMENT]
    )

    def opened(place: str = "") -> Any:
        chromium.get("about:blank")
        chromium.get(f"{path.as_uri()}#{place}")
        return chromium

    return opened
