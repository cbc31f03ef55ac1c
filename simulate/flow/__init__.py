"""Generating points: velocities, the methods that integrate them, and the exact field of the mixture."""

from simulate.flow.exact_field import MixtureField as MixtureField, along_mean as along_mean
from simulate.flow.learned_velocity import Denoiser as Denoiser, Latest as Latest, LearnedVelocity as LearnedVelocity
from simulate.flow.methods import METHODS as METHODS, Method as Method, drift as drift
from simulate.flow.methods import integrate as integrate, rates as rates, stage_times as stage_times
from simulate.flow.solver import STOCHASTIC as STOCHASTIC, TRANSPORT_METHODS as TRANSPORT_METHODS
from simulate.flow.solver import Array as Array, Velocity as Velocity, time_grid as time_grid
from simulate.flow.solver import toward_data as toward_data, transport as transport
