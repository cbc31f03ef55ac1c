"""Empirical curves as data sets: what networks, flows and trainings measure over many seeds."""

from simulate.curves.descent import learning as learning
from simulate.curves.minimisers import denoiser as denoiser, generation as generation
from simulate.curves.reduced import reduced_denoiser as reduced_denoiser, reduced_generation as reduced_generation
from simulate.curves.settings import MOST_TIMES as MOST_TIMES, CurveSettings as CurveSettings
from simulate.curves.settings import LearnerSettings as LearnerSettings, formula_of as formula_of
from simulate.curves.sweepable import EXPERIMENTS as EXPERIMENTS, SETTINGS as SETTINGS
from simulate.curves.sweepable import Experiment as Experiment, inside as inside
from simulate.curves.weights_exact import generated_fraction as generated_fraction, weights as weights
from simulate.curves.weights_settings import WeightSettings as WeightSettings
from simulate.curves.weights_trained import trained_weights as trained_weights
