"""The denoiser of arXiv:2310.03575 at finite d: networks, exact minimisers of the risk, what it generates."""

from simulate.autoencoder.exact import Solution as Solution, solve as solve
from simulate.autoencoder.exact import solve_self_consistent as solve_self_consistent
from simulate.autoencoder.generated_law import ClusterLaw as ClusterLaw
from simulate.autoencoder.generated_law import average_error as average_error
from simulate.autoencoder.generated_law import cluster_law as cluster_law
from simulate.autoencoder.generation import Learner as Learner, Trajectory as Trajectory, generate as generate
from simulate.autoencoder.losses import require_attained as require_attained, risk as risk
from simulate.autoencoder.losses import test_error as test_error, training_loss as training_loss
from simulate.autoencoder.network import ACTIVATIONS as ACTIVATIONS, Autoencoder as Autoencoder
from simulate.autoencoder.network import Overlaps as Overlaps, labels_match as labels_match
from simulate.autoencoder.network import overlaps as overlaps, reconstruct as reconstruct
