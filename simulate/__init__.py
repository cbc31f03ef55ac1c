"""Finite d: data, networks, trainers, exact minimisers, generative flows, and data sets made of
them.
"""

from asymptotics.extras import require_installed as _require_installed

_require_installed("simulate needs", "torch", "xarray", "h5netcdf", "h5py", "tqdm", extra="simulate")

from simulate.annealing import weights_by_annealing as weights_by_annealing
from simulate.augment import Jiggle as Jiggle
from simulate.autoencoder import (
    Autoencoder as Autoencoder,
    Overlaps as Overlaps,
    labels_match as labels_match,
    overlaps as overlaps,
)
from simulate.balance_plan import BalancePlan as BalancePlan
from simulate.balance_rate import (
    balance_rate as balance_rate,
    expected_scatter as expected_scatter,
    scatter_scores as scatter_scores,
)
from simulate.balance_results import balance_dataset as balance_dataset
from simulate.balance_study import balance_study as balance_study
from simulate.balance_table import balance_table as balance_table, worst_on_the_way as worst_on_the_way
from simulate.batched import Job as Job, train_many as train_many
from simulate.carry import Velocity as Velocity, carry as carry, time_grid as time_grid
from simulate.checkpoint import Checkpoint as Checkpoint
from simulate.class_shares import (
    ClassShares as ClassShares,
    energy_distance as energy_distance,
    label_counts as label_counts,
    net_shares as net_shares,
    told_apart as told_apart,
)
from simulate.classifier import (
    IsClass as IsClass,
    Labels as Labels,
    confusion as confusion,
    train_classifier as train_classifier,
)
from simulate.compare import compare as compare, standard_error as standard_error
from simulate.coupling import CouplingFlow as CouplingFlow, fit_flow as fit_flow
from simulate.curves import denoiser_curves as denoiser_curves, generation_curves as generation_curves
from simulate.descent import Descent as Descent, descend as descend
from simulate.energy import EnergyModel as EnergyModel, Standardised as Standardised, energy_network as energy_network
from simulate.energy_recipes import NEGATIVES as NEGATIVES, EnergyRecipe as EnergyRecipe, Negatives as Negatives
from simulate.energy_training import EnergyTrained as EnergyTrained, train_energy as train_energy
from simulate.exact import Solution as Solution, solve as solve, solve_self_consistent as solve_self_consistent
from simulate.execute import (
    Failure as Failure,
    PointsFailed as PointsFailed,
    WorkerEnded as WorkerEnded,
    cluster as cluster,
    workers as workers,
)
from simulate.feature_comparison import (
    compare_trainings as compare_trainings,
    expected_gain as expected_gain,
    fitted_clocks as fitted_clocks,
    homogeneity as homogeneity,
    mean_interval as mean_interval,
    ratio_interval as ratio_interval,
    study_table as study_table,
)
from simulate.feature_interval import FeatureInterval as FeatureInterval, feature_interval as feature_interval
from simulate.feature_plan import StudyPlan as StudyPlan
from simulate.feature_study import feature_study as feature_study
from simulate.field import MixtureField as MixtureField
from simulate.field_curves import uturn_curves as uturn_curves
from simulate.field_generation import generated_fraction as generated_fraction, weight_curves as weight_curves
from simulate.fitting import FitRecipe as FitRecipe, Fitted as Fitted, fit as fit
from simulate.flow import METHODS as METHODS, Method as Method, Trajectory as Trajectory, generate as generate
from simulate.frozen_run import FrozenRun as FrozenRun, frozen_run as frozen_run
from simulate.generated import ClusterLaw as ClusterLaw, average_error as average_error, cluster_law as cluster_law
from simulate.gram import GramStatistics as GramStatistics
from simulate.image_target import (
    Blur as Blur,
    ImageTarget as ImageTarget,
    digit_target as digit_target,
    image_target as image_target,
)
from simulate.images import Images as Images, digits as digits, idx_folder as idx_folder
from simulate.laws import GaussianMixtureLaw as GaussianMixtureLaw, SeededLaw as SeededLaw
from simulate.learned import Denoiser as Denoiser, LearnedVelocity as LearnedVelocity
from simulate.learners import ExactLearner as ExactLearner, TrainedLearner as TrainedLearner
from simulate.learning import learning_curves as learning_curves
from simulate.log_odds import balance_curves as balance_curves
from simulate.losses import Estimate as Estimate, risk as risk, test_error as test_error, training_loss as training_loss
from simulate.margins import Pairs as Pairs, draw_with_pairs as draw_with_pairs, label_flips as label_flips
from simulate.mixture import Mixture as Mixture, Samples as Samples
from simulate.mode_weights import (
    ModeWeights as ModeWeights,
    Undetermined as Undetermined,
    divergence as divergence,
    weights_by_importance as weights_by_importance,
    weights_by_quadrature as weights_by_quadrature,
)
from simulate.models import ModelVelocity as ModelVelocity, train_model as train_model
from simulate.path import Point as Point
from simulate.points import (
    Points as Points,
    Starts as Starts,
    draw_starts as draw_starts,
    generate_points as generate_points,
)
from simulate.recipes import (
    AdamRecipe as AdamRecipe,
    GradientDescent as GradientDescent,
    StochasticGradientDescent as StochasticGradientDescent,
)
from simulate.reduced_curves import (
    reduced_denoiser_curves as reduced_denoiser_curves,
    reduced_generation_curves as reduced_generation_curves,
)
from simulate.sampler import (
    AdjustedLangevin as AdjustedLangevin,
    FlowAssisted as FlowAssisted,
    IndependentMetropolis as IndependentMetropolis,
    Kernel as Kernel,
    Moved as Moved,
    Proposal as Proposal,
    Resampling as Resampling,
    UnadjustedLangevin as UnadjustedLangevin,
)
from simulate.span import Span as Span, draw_span as draw_span
from simulate.store import Store as Store, load as load, save as save
from simulate.sweep import average as average, sweep as sweep
from simulate.targets import (
    Checkerboard as Checkerboard,
    Known as Known,
    Moons as Moons,
    Rings as Rings,
    Target as Target,
    many_modes as many_modes,
    ring_of_modes as ring_of_modes,
    two_modes as two_modes,
)
from simulate.training import Training as Training, train as train
from simulate.training_times import (
    DilatedTimes as DilatedTimes,
    PiecewiseTimes as PiecewiseTimes,
    Times as Times,
    interval_times as interval_times,
    uniform_times as uniform_times,
)
from simulate.unet import SmallClassifier as SmallClassifier, UNet as UNet, seeded as seeded
from simulate.untied import (
    Untied as Untied,
    UntiedOverlaps as UntiedOverlaps,
    UntiedTraining as UntiedTraining,
    train_untied as train_untied,
)
from simulate.untied_coordinates import UntiedSpan as UntiedSpan
from simulate.untied_data import ClassData as ClassData
from simulate.untied_generation import (
    learned_velocity as learned_velocity,
    trained_weight_curves as trained_weight_curves,
)
from simulate.untied_recipes import UntiedAdam as UntiedAdam, UntiedRecipe as UntiedRecipe, UntiedSGD as UntiedSGD
from simulate.untied_span import SpanTraining as SpanTraining, train_untied_span as train_untied_span
from simulate.uturn import Uturn as Uturn, return_curves as return_curves
