"""The catalogue's formulas by what can be asked of them."""

import pytest

from asymptotics import catalogue
from asymptotics.formula import Minimiser
from asymptotics.functions import FUNCTIONS as BETA, GaussianMean

EVERY = list(catalogue().values())
SCALAR = [formula for formula in EVERY if not isinstance(formula, Minimiser)]
"""Those with one value; the others return several (`test_first_phase`)."""
COSTLY = [formula for formula in SCALAR if formula.short.has(GaussianMean, *BETA)]
"""Those whose digits cost a sum over hundreds of nodes."""

every_formula = pytest.mark.parametrize("formula", EVERY, ids=lambda f: f.name)
each_formula = pytest.mark.parametrize("formula", SCALAR, ids=lambda f: f.name)
each_cheap = pytest.mark.parametrize("formula", [f for f in SCALAR if f not in COSTLY], ids=lambda f: f.name)
each_costly = pytest.mark.parametrize("formula", COSTLY, ids=lambda f: f.name)
