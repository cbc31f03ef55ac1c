"""Topic: what the formulas of one package share."""

from __future__ import annotations

from dataclasses import dataclass

from asymptotics.formula.statement import Deferred, Source


@dataclass(frozen=True)
class Topic:
    """The paper that the formulas of a package come from, and where their derivations are.

    Parameters
    ----------
    paper
        Such as ``arXiv:2310.03575``.
    package
        Full name of the package that holds the formulas, and below it the modules of their derivations.
    notation
        How the paper's letters differ, where a formula does not say it itself.
    """

    paper: str
    package: str
    notation: str = ""

    def derived(self, place: str) -> Deferred:
        """Name a derivation by ``module.function``, in this package or by a full name; it is imported on first use."""
        module, function = place.rsplit(".", 1)
        full = module if module.split(".")[0] == self.package.split(".")[0] else f"{self.package}.{module}"
        return Deferred(full, function, home=self.package)

    def stated(self, place: str, notation: str | None = None) -> Source:
        """Return the source of a result that the authors state at ``place``."""
        return Source(self.paper, place, "paper", self.notation if notation is None else notation)

    def derived_here(self, place: str, notation: str = "") -> Source:
        """Return the source of a result that this project derives, by the way that ``place`` says."""
        return Source(self.paper, place, "project", notation)
