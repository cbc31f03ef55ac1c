"""The balance of modes in energy-based models, and what flow proposals buy (arXiv:2306.00684)."""

from asymptotics.balance.formulas import (
    FORMULAS as FORMULAS,
    critical_jump_rate as critical_jump_rate,
    imh_acceptance_gaussian as imh_acceptance_gaussian,
    imh_acceptance_lognormal as imh_acceptance_lognormal,
    jump_rate_independent as jump_rate_independent,
    jump_rate_kramers as jump_rate_kramers,
    ula_learned_variance as ula_learned_variance,
    ula_variance as ula_variance,
    weight_std as weight_std,
)
