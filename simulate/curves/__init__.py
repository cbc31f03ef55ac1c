"""Empirical curves as data sets: what networks, flows and trainings measure over many seeds."""

from simulate.curves.descent import learning_curves as learning_curves
from simulate.curves.minimisers import denoiser_curves as denoiser_curves, generation_curves as generation_curves
from simulate.curves.reduced import (
    reduced_denoiser_curves as reduced_denoiser_curves,
    reduced_generation_curves as reduced_generation_curves,
)
from simulate.curves.settings import DIAGNOSTICS as DIAGNOSTICS, MOST_TIMES as MOST_TIMES
from simulate.curves.sweepable import (
    EXPERIMENTS as EXPERIMENTS,
    SETTINGS as SETTINGS,
    Experiment as Experiment,
    inside as inside,
    schedule_named as schedule_named,
)
from simulate.curves.weights_exact import generated_fraction as generated_fraction, weight_curves as weight_curves
from simulate.curves.weights_trained import trained_weight_curves as trained_weight_curves
