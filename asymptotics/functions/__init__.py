"""Functions that sympy lacks: means over a Gaussian, roots, minimisers, beta laws; each with its numbers."""

from asymptotics.functions.beta import FUNCTIONS as FUNCTIONS, beta_below as beta_below
from asymptotics.functions.beta import beta_density as beta_density
from asymptotics.functions.beta import beta_density_array as beta_density_array
from asymptotics.functions.beta import beta_moment as beta_moment
from asymptotics.functions.beta import beta_moment_array as beta_moment_array
from asymptotics.functions.bound_variable import BoundVariable as BoundVariable
from asymptotics.functions.gaussian import GaussianMean as GaussianMean
from asymptotics.functions.gaussian import gaussian_mean as gaussian_mean
from asymptotics.functions.gaussian import gaussian_mean_torch as gaussian_mean_torch
from asymptotics.functions.half_turns import cospi as cospi, cospi_array as cospi_array
from asymptotics.functions.half_turns import in_half_turns as in_half_turns, sinpi as sinpi
from asymptotics.functions.half_turns import sinpi_array as sinpi_array
from asymptotics.functions.logarithm import log_defect as log_defect
from asymptotics.functions.logarithm import log_defect_array as log_defect_array
from asymptotics.functions.minimum import ArgMin as ArgMin, LeastPoint as LeastPoint
from asymptotics.functions.minimum import minimising_root as minimising_root
from asymptotics.functions.named import Named as Named, divergence as divergence, entropy as entropy
from asymptotics.functions.named import names_in as names_in, spelled as spelled
from asymptotics.functions.named import weighted_entropy as weighted_entropy
from asymptotics.functions.normal import normal_below as normal_below
from asymptotics.functions.root import Root as Root, bracketed_root as bracketed_root
from asymptotics.functions.root import bracketed_root_torch as bracketed_root_torch
