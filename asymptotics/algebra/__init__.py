"""Help with sympy: time limits, and shorthands put in. Expansions are in `laurent`."""

from asymptotics.algebra.deadline import time_limit as time_limit
from asymptotics.algebra.shorthands import expand_where as expand_where
