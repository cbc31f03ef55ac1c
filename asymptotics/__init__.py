"""Closed forms of the theory of flow-based and energy-based generative models: derived, proved, evaluated::

    from asymptotics import limited_samples
    limited_samples.mean_error(n=8, sigma=1.5, ridge=0.1)

The formulas are in the rooms `limited_samples`, `phases` and `balance`.
"""

from typing import TYPE_CHECKING

from asymptotics import balance as balance, limited_samples as limited_samples, phases as phases
from asymptotics.arguments import Argument as Argument, argument as argument
from asymptotics.collection import catalogue as catalogue, compile as compile, get as get
from asymptotics.derivation import Derivation as Derivation, ProofError as ProofError, Step as Step
from asymptotics.domain import Domain as Domain, Relation as Relation
from asymptotics.formula import Catalogue as Catalogue, Formula as Formula, Source as Source

if TYPE_CHECKING:
    __version__: str | None
else:
    def __getattr__(name):
        """``__version__``: what is installed is read when somebody asks, for that takes time."""
        if name == "__version__":
            from asymptotics.extras import version

            return version()
        raise AttributeError(f"module 'asymptotics' has no attribute {name!r}")
