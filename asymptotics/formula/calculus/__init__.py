"""Formulas from formulas: on a schedule, derivatives, limits, series. Each extends the derivation."""

from asymptotics.formula.calculus.derivatives import derivative as derivative
from asymptotics.formula.calculus.expansions import series as series
from asymptotics.formula.calculus.limits import limit as limit
from asymptotics.formula.calculus.scheduled import limit_in_time as limit_in_time, on_schedule as on_schedule
