"""Installed packages: their versions, whether optional ones are there, and what to install where they are not."""

from __future__ import annotations

import sys

_IMPORTED_AS = {"arviz-stats": "arviz_stats", "python-flint": "flint", "scikit-learn": "sklearn"}


def version(package: str = "flow-asymptotics") -> str | None:
    """Of the package that is installed by this name; None where it is not."""
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def version_line() -> str:
    """What ``--version`` prints."""
    return f"flow-asymptotics {version() or '(not installed: a checkout)'}"


def installed(package: str) -> bool:
    """Whether the package can be imported, by the name it is installed by; it is not imported for it."""
    from importlib.util import find_spec

    name = _IMPORTED_AS.get(package, package)
    return sys.modules[name] is not None if name in sys.modules else find_spec(name) is not None


def require_installed(who: str, *packages: str, extra: str) -> None:
    """Go on where the packages are installed: ``require_installed("plots need", "matplotlib", extra="notebook")``.

    ModuleNotFoundError with the extra of this distribution that brings them, where they are not.
    """
    missing = [package for package in packages if not installed(package)]
    if missing:
        raise ModuleNotFoundError(
            f"{who} {', '.join(missing)}; install flow-asymptotics[{extra}]",
            name=_IMPORTED_AS.get(missing[0], missing[0]),
        )
