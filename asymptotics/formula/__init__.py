"""Formula: what a result states, and what one can do with it."""

from asymptotics.formula.balls import constant as constant
from asymptotics.formula.catalogue import Catalogue as Catalogue, Formulas as Formulas
from asymptotics.formula.compiled import compile_formulas as compile_formulas
from asymptotics.formula.formula import Formula as Formula, require_formula as require_formula
from asymptotics.formula.minimiser import Minimiser as Minimiser, Numbers as Numbers
from asymptotics.formula.statement import Deferred as Deferred, Source as Source, Statement as Statement
from asymptotics.formula.topic import Topic as Topic
from asymptotics.formula.typical import main_axis as main_axis, typical_point as typical_point
