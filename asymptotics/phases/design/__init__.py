"""Numerical design: phase boundaries and dilations that spend steps or training where they matter."""

from asymptotics.phases.design.events import Boundary as Boundary, Event as Event
from asymptotics.phases.design.events import boundary_time as boundary_time, share as share
from asymptotics.phases.design.hierarchy import Hierarchy as Hierarchy, phase_hierarchy as phase_hierarchy
from asymptotics.phases.design.many_modes import PhaseDesign as PhaseDesign
from asymptotics.phases.design.many_modes import design_dilation as design_dilation
from asymptotics.phases.design.many_modes import design_phases as design_phases
from asymptotics.phases.design.modes import Modes as Modes
from asymptotics.phases.design.training_density import TrainingTimes as TrainingTimes
from asymptotics.phases.design.training_density import training_efficiency as training_efficiency
from asymptotics.phases.design.training_density import training_times as training_times
from asymptotics.phases.design.two_modes import Design as Design, Target as Target
from asymptotics.phases.design.two_modes import best_dilation as best_dilation
from asymptotics.phases.design.two_modes import free_shares as free_shares
from asymptotics.phases.design.two_modes import generated_weight as generated_weight
from asymptotics.phases.design.two_modes import half_grid as half_grid
from asymptotics.phases.design.two_modes import variance_across as variance_across
from asymptotics.phases.design.uturn_fit import Fit as Fit, clock as clock, fit_uturn as fit_uturn
