"""The balance of modes in energy-based models, and what flow proposals buy (arXiv:2306.00684)."""

from asymptotics.balance.formulas import FORMULAS as FORMULAS
from asymptotics.balance.formulas import critical_jump_rate as critical_jump_rate
from asymptotics.balance.formulas import imh_acceptance_gaussian as imh_acceptance_gaussian
from asymptotics.balance.formulas import imh_acceptance_lognormal as imh_acceptance_lognormal
from asymptotics.balance.formulas import jump_rate_independent as jump_rate_independent
from asymptotics.balance.formulas import jump_rate_kramers as jump_rate_kramers
from asymptotics.balance.formulas import ula_learned_variance as ula_learned_variance
from asymptotics.balance.formulas import ula_variance as ula_variance, weight_std as weight_std
