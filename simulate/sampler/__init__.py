"""Chains, laws to propose from, flows, and the weights of modes."""

from simulate.sampler.annealing import weights_by_annealing as weights_by_annealing
from simulate.sampler.coupling import KINDS as KINDS, CouplingFlow as CouplingFlow, fit_flow as fit_flow
from simulate.sampler.frozen import FrozenRun as FrozenRun, frozen_run as frozen_run
from simulate.sampler.kernels import AdjustedLangevin as AdjustedLangevin
from simulate.sampler.kernels import FlowAssisted as FlowAssisted
from simulate.sampler.kernels import IndependentMetropolis as IndependentMetropolis
from simulate.sampler.kernels import Kernel as Kernel, Moved as Moved, Proposal as Proposal
from simulate.sampler.kernels import Resampling as Resampling
from simulate.sampler.kernels import UnadjustedLangevin as UnadjustedLangevin
from simulate.sampler.kernels import require_law as require_law
from simulate.sampler.laws import GaussianMixtureLaw as GaussianMixtureLaw, SeededLaw as SeededLaw
from simulate.sampler.mode_weights import WAYS as WAYS, ModeWeights as ModeWeights
from simulate.sampler.mode_weights import Undetermined as Undetermined, divergence as divergence
from simulate.sampler.mode_weights import weights_by_importance as weights_by_importance
from simulate.sampler.mode_weights import weights_by_quadrature as weights_by_quadrature
from simulate.sampler.standardised import Standardised as Standardised
