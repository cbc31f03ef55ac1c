"""Functions that sympy lacks: means over a Gaussian, roots, minimisers, beta laws; each with its numbers."""

from asymptotics.functions.beta import (
    FUNCTIONS as FUNCTIONS,
    beta_below as beta_below,
    beta_below_mp as beta_below_mp,
    beta_density as beta_density,
    beta_density_array as beta_density_array,
    beta_density_mp as beta_density_mp,
    beta_moment as beta_moment,
    beta_moment_array as beta_moment_array,
    beta_moment_mp as beta_moment_mp,
)
from asymptotics.functions.bound_variable import BoundVariable as BoundVariable
from asymptotics.functions.gaussian import (
    GaussianMean as GaussianMean,
    gaussian_mean as gaussian_mean,
    gaussian_mean_mp as gaussian_mean_mp,
    gaussian_mean_torch as gaussian_mean_torch,
)
from asymptotics.functions.half_turns import (
    cospi as cospi,
    cospi_array as cospi_array,
    in_half_turns as in_half_turns,
    sinpi as sinpi,
    sinpi_array as sinpi_array,
)
from asymptotics.functions.logarithm import (
    log_defect as log_defect,
    log_defect_array as log_defect_array,
    log_defect_mp as log_defect_mp,
)
from asymptotics.functions.minimum import (
    ArgMin as ArgMin,
    LeastPoint as LeastPoint,
    minimising_root as minimising_root,
    minimising_root_mp as minimising_root_mp,
)
from asymptotics.functions.named import (
    Named as Named,
    divergence as divergence,
    entropy as entropy,
    names_in as names_in,
    spelled as spelled,
    weighted_entropy as weighted_entropy,
)
from asymptotics.functions.normal import normal_below as normal_below, normal_below_mp as normal_below_mp
from asymptotics.functions.root import (
    Root as Root,
    bracketed_root as bracketed_root,
    bracketed_root_mp as bracketed_root_mp,
    bracketed_root_torch as bracketed_root_torch,
)
