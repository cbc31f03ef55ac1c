"""Help with sympy: time limits, and shorthands put in."""

from asymptotics.algebra.deadline import SECONDS as SECONDS, time_limit as time_limit
from asymptotics.algebra.shorthands import expand_where as expand_where
