"""Training networks: one, many at once, one for each time, one for all times; recipes and training times."""

from simulate.training.adam import adam_move as adam_move
from simulate.training.averaging import average_in as average_in
from simulate.training.fitting import FitRecipe as FitRecipe, Fitted as Fitted, Part as Part
from simulate.training.fitting import Progress as Progress, fit as fit
from simulate.training.fitting import restore_state as restore_state, state_arrays as state_arrays
from simulate.training.fitting import torch_seeded as torch_seeded
from simulate.training.many import Job as Job, train_many as train_many
from simulate.training.many_risk import Networks as Networks, Pairs as Pairs, Risk as Risk, along as along
from simulate.training.per_time import ExactLearner as ExactLearner, TrainedLearner as TrainedLearner
from simulate.training.recipes import RECIPES as RECIPES, AdamRecipe as AdamRecipe
from simulate.training.recipes import GradientDescent as GradientDescent, Recipe as Recipe
from simulate.training.recipes import StochasticGradientDescent as StochasticGradientDescent
from simulate.training.recipes import checked as checked
from simulate.training.single import BATCHES as BATCHES, CONVERGED as CONVERGED, Training as Training, train as train
from simulate.training.time_networks import PREDICTIONS as PREDICTIONS, Augment as Augment
from simulate.training.time_networks import ModelVelocity as ModelVelocity
from simulate.training.time_networks import require_evaluation as require_evaluation
from simulate.training.time_networks import train_model as train_model
from simulate.training.times import DilatedTimes as DilatedTimes, PiecewiseTimes as PiecewiseTimes
from simulate.training.times import Times as Times, checked_times as checked_times
from simulate.training.times import interval_times as interval_times, uniform_times as uniform_times
