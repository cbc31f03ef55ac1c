"""Phases under time dilation: clocks, boundaries, what is known of the mode, schedule design (arXiv:2412.07972)."""

from asymptotics.phases.design import Boundary as Boundary, Design as Design, Event as Event
from asymptotics.phases.design import Fit as Fit, Hierarchy as Hierarchy, Modes as Modes
from asymptotics.phases.design import PhaseDesign as PhaseDesign, Target as Target
from asymptotics.phases.design import TrainingTimes as TrainingTimes, best_dilation as best_dilation
from asymptotics.phases.design import boundary_time as boundary_time, clock as clock
from asymptotics.phases.design import design_dilation as design_dilation
from asymptotics.phases.design import design_phases as design_phases, fit_uturn as fit_uturn
from asymptotics.phases.design import free_shares as free_shares
from asymptotics.phases.design import generated_weight as generated_weight, half_grid as half_grid
from asymptotics.phases.design import phase_hierarchy as phase_hierarchy, share as share
from asymptotics.phases.design import training_efficiency as training_efficiency
from asymptotics.phases.design import training_times as training_times
from asymptotics.phases.design import variance_across as variance_across
from asymptotics.phases.first import FirstPhase as FirstPhase, first_phase_skip as first_phase_skip
from asymptotics.phases.first import generated_fraction as generated_fraction, jump as jump
from asymptotics.phases.first import tanh_averages as tanh_averages
from asymptotics.phases.formulas import FORMULAS as FORMULAS, boundary as boundary
from asymptotics.phases.formulas import clone_probability as clone_probability
from asymptotics.phases.formulas import denoising_error as denoising_error
from asymptotics.phases.formulas import dilated_time as dilated_time, field_mean as field_mean
from asymptotics.phases.formulas import field_skip as field_skip, first_bias as first_bias
from asymptotics.phases.formulas import first_phase as first_phase, first_skip as first_skip
from asymptotics.phases.formulas import first_weight as first_weight, information as information
from asymptotics.phases.formulas import mmse as mmse
from asymptotics.phases.formulas import mode_probability_field as mode_probability_field
from asymptotics.phases.formulas import mode_probability_sign as mode_probability_sign
from asymptotics.phases.formulas import posterior_second_moment as posterior_second_moment
from asymptotics.phases.formulas import second_flow_mean as second_flow_mean
from asymptotics.phases.formulas import second_flow_variance as second_flow_variance
from asymptotics.phases.formulas import second_mean as second_mean
from asymptotics.phases.formulas import second_mean_error as second_mean_error
from asymptotics.phases.formulas import second_sample as second_sample, second_skip as second_skip
from asymptotics.phases.formulas import second_variance as second_variance, speciation as speciation
from asymptotics.phases.formulas import spinodal as spinodal, total_variation as total_variation
from asymptotics.phases.formulas import uturn_ode_minus as uturn_ode_minus
from asymptotics.phases.formulas import uturn_ode_plus as uturn_ode_plus
from asymptotics.phases.formulas import uturn_sde_minus as uturn_sde_minus
from asymptotics.phases.formulas import uturn_sde_plus as uturn_sde_plus
from asymptotics.phases.formulas import variance_ratio as variance_ratio
from asymptotics.phases.formulas import velocity_linear as velocity_linear
from asymptotics.phases.formulas import velocity_mean as velocity_mean
