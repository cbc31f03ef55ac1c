"""Where numbers come from: versions and commit, as plain JSON."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from asymptotics.extras import version

PACKAGES = ("flow-asymptotics", "numpy", "torch")


def describe(settings: Mapping[str, Any], **found: Any) -> str:
    """One JSON object: settings, versions, commit, and what the run found out (e.g. flips)."""
    return json.dumps(
        {"settings": dict(settings), **found, "versions": versions(), **checkout()}, sort_keys=True, default=_number
    )


def _number(value: Any) -> Any:
    """A number of numpy as python's."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{value!r} is a {type(value).__name__}: give numbers, text, lists")


def versions() -> dict[str, str | None]:
    """Version of python and of each package; None where it is not installed."""
    return {"python": platform.python_version(), **{package: version(package) for package in PACKAGES}}


def checkout() -> dict[str, Any]:
    """{"commit", "modified", "difference"} of the checkout this package lies in; None outside of one.

    ``difference`` is a digest of what was changed since the commit.
    """
    here = Path(__file__).resolve().parent
    # An installed copy may lie inside a checkout of something else: only count files git knows.
    if _git(here, "ls-files", "--error-unmatch", Path(__file__).name) is None:
        return {"commit": None, "modified": None, "difference": None}
    status = _git(here, "status", "--porcelain", "--untracked-files=no")
    modified = None if status is None else status != ""
    changed = _git(here, "diff", "HEAD") if modified else None
    difference = None if changed is None else hashlib.sha256(changed.encode()).hexdigest()[:16]
    return {"commit": _git(here, "rev-parse", "HEAD"), "modified": modified, "difference": difference}


def code(known: Mapping[str, Any] | None = None) -> str:
    """Commit, and what was changed since: of ``known``, or of this checkout."""
    found = checkout() if known is None else known
    changed = "" if found["difference"] is None else f" with changes {found['difference']}"
    return f"{found['commit']}{changed}"


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
