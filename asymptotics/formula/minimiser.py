"""A result with several values, from one minimisation: a Formula whose expression is a `LeastPoint`."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from asymptotics.formula import labelled
from asymptotics.formula.evaluation import check_dps
from asymptotics.formula.formula import Formula


@dataclass(frozen=True)
class Numbers:
    """The solvers of a minimisation, each "module:function", imported when first asked for.

    ``arrays`` in float64, ``digits`` in mpmath (with a keyword dps), ``tensors`` in torch; each keyword-only,
    validating, and returning a frozen dataclass.

    ``script``, "module:file", is a JavaScript function for pages, of an object of the arguments inside their ranges.
    It returns an object of numbers, or null where there is no minimiser; its ``branch`` differs on both sides of a
    jump. ``values`` are the names of those numbers that are drawn, each with the LaTeX of its letter. Without a script
    pages show no curve, and say so.
    """

    arrays: str
    digits: str
    tensors: str
    script: str = ""
    values: tuple[tuple[str, str], ...] = ()

    def function(self, backend: str) -> Callable[..., Any]:
        names = {"numpy": self.arrays, "mpmath": self.digits, "torch": self.tensors}
        if backend not in names:
            raise ValueError(f"backend = {backend!r} must be one of {', '.join(names)}")
        module, _, name = names[backend].partition(":")
        function: Callable[..., Any] = getattr(importlib.import_module(module), name)
        return function

    def page(self) -> str:
        """The text of the script."""
        from importlib.resources import files

        module, _, name = self.script.partition(":")
        return files(module).joinpath(name).read_text(encoding="utf-8")


@dataclass(frozen=True, repr=False)
class Minimiser(Formula):
    """A Formula whose value is a frozen dataclass: its ``expression`` is a LeastPoint, ``numbers`` solve it."""

    numbers: Numbers | None = None

    def _solver(self, backend: str) -> Callable[..., Any]:
        assert self.numbers is not None
        return self.numbers.function(backend)

    def __call__(self, **values: Any) -> Any:
        """The values in float64: a frozen dataclass of arrays of the broadcast shape. Errors as for a Formula."""
        def solve(plain: dict[str, Any]) -> Any:
            return self._solver("numpy")(**self.domain.arrays(plain, self.name))

        return labelled.call(self, values, solve) if labelled.labels_of(values) else solve(values)

    def evaluate(self, *, dps: int = 15, **values: Any) -> Any:
        """The values to ``dps`` significant digits; text and Fractions are exact."""
        check_dps(dps)
        return self._solver("mpmath")(dps=dps, **self.domain.exact(values, self.name))

    def enclose(self, *, dps: int = 15, **values: Any) -> NoReturn:
        check_dps(dps)
        self.domain.exact(values, self.name)
        raise TypeError(f"{self.name} is found by a minimisation: no rigorous enclosure; use evaluate(..., dps=...)")

    def compile(self, backend: str = "numpy") -> Callable[..., Any]:
        """A keyword callable: "numpy", "mpmath", or "torch" (a detached solution and one Newton step, so that first
        derivatives flow by the implicit function theorem; higher ones are not promised)."""
        return self._solver(backend)
