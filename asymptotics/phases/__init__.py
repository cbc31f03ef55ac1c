"""Phases under time dilation: clocks, boundaries, what is known of the mode, schedule design (arXiv:2412.07972)."""

from asymptotics.phases.design import (
    Design as Design,
    Target as Target,
    best_dilation as best_dilation,
    generated_weight as generated_weight,
    half_grid as half_grid,
    variance_across as variance_across,
)
from asymptotics.phases.dilations import (
    PhaseDesign as PhaseDesign,
    design_dilation as design_dilation,
    design_phases as design_phases,
)
from asymptotics.phases.events import (
    Boundary as Boundary,
    Event as Event,
    boundary_time as boundary_time,
    share as share,
)
from asymptotics.phases.first import (
    FirstPhase as FirstPhase,
    first_phase_skip as first_phase_skip,
    generated_fraction as generated_fraction,
    jump as jump,
)
from asymptotics.phases.fit import Fit as Fit, clock as clock, fit_uturn as fit_uturn
from asymptotics.phases.formulas import (
    FORMULAS as FORMULAS,
    boundary as boundary,
    clone_probability as clone_probability,
    denoising_error as denoising_error,
    dilated_time as dilated_time,
    field_mean as field_mean,
    field_skip as field_skip,
    first_bias as first_bias,
    first_phase as first_phase,
    first_skip as first_skip,
    first_weight as first_weight,
    information as information,
    mmse as mmse,
    mode_probability_field as mode_probability_field,
    mode_probability_sign as mode_probability_sign,
    posterior_second_moment as posterior_second_moment,
    second_flow_mean as second_flow_mean,
    second_flow_variance as second_flow_variance,
    second_mean as second_mean,
    second_mean_error as second_mean_error,
    second_sample as second_sample,
    second_skip as second_skip,
    second_variance as second_variance,
    speciation as speciation,
    spinodal as spinodal,
    total_variation as total_variation,
    uturn_ode_minus as uturn_ode_minus,
    uturn_ode_plus as uturn_ode_plus,
    uturn_sde_minus as uturn_sde_minus,
    uturn_sde_plus as uturn_sde_plus,
    variance_ratio as variance_ratio,
    velocity_linear as velocity_linear,
    velocity_mean as velocity_mean,
)
from asymptotics.phases.hierarchy import Hierarchy as Hierarchy, phase_hierarchy as phase_hierarchy
from asymptotics.phases.modes import Modes as Modes
from asymptotics.phases.training import (
    TrainingTimes as TrainingTimes,
    training_efficiency as training_efficiency,
    training_times as training_times,
)
