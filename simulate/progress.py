"""The one place that shows progress."""

from __future__ import annotations

from typing import Any

from tqdm.auto import tqdm


def bar(total: int, name: str, *, show: bool, unit: str = "data set") -> Any:
    """A progress bar over ``total`` pieces that says what runs; a context manager with .update().
    """
    return tqdm(total=total, desc=name, disable=not show, unit=unit)
