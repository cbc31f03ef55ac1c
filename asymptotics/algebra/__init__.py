"""Decisions that proofs rest on: whether an expression vanishes, which sign it has; time limits for sympy."""

from asymptotics.algebra.deadline import time_limit as time_limit
from asymptotics.algebra.exponentials import in_generators as in_generators
from asymptotics.algebra.shorthands import expand_where as expand_where
from asymptotics.algebra.sign import decided as decided, is_positive as is_positive
from asymptotics.algebra.sign import is_positive_somewhere as is_positive_somewhere
from asymptotics.algebra.zero import is_zero as is_zero
