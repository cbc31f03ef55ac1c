"""Learning a flow from n samples: denoiser, flow, generated law, errors, Euler (arXiv:2310.03575)."""

from asymptotics.limited_samples.euler_flow import EulerFlow as EulerFlow, euler as euler
from asymptotics.limited_samples.formulas import FORMULAS as FORMULAS, bayes_cosine as bayes_cosine
from asymptotics.limited_samples.formulas import bayes_error as bayes_error
from asymptotics.limited_samples.formulas import best_ridge as best_ridge
from asymptotics.limited_samples.formulas import finite_flow_variance as finite_flow_variance
from asymptotics.limited_samples.formulas import finite_skip as finite_skip
from asymptotics.limited_samples.formulas import finite_variance as finite_variance
from asymptotics.limited_samples.formulas import finite_velocity as finite_velocity
from asymptotics.limited_samples.formulas import flow_mean as flow_mean, flow_noise as flow_noise
from asymptotics.limited_samples.formulas import flow_sample as flow_sample
from asymptotics.limited_samples.formulas import flow_variance as flow_variance
from asymptotics.limited_samples.formulas import generated_variance as generated_variance
from asymptotics.limited_samples.formulas import kl_divergence as kl_divergence, margin as margin
from asymptotics.limited_samples.formulas import mean_cosine as mean_cosine
from asymptotics.limited_samples.formulas import mean_error as mean_error
from asymptotics.limited_samples.formulas import no_skip_error as no_skip_error
from asymptotics.limited_samples.formulas import oracle_error as oracle_error
from asymptotics.limited_samples.formulas import overlap_mean as overlap_mean
from asymptotics.limited_samples.formulas import overlap_noise as overlap_noise
from asymptotics.limited_samples.formulas import overlap_sample as overlap_sample, skip as skip
from asymptotics.limited_samples.formulas import test_error as test_error
from asymptotics.limited_samples.formulas import training_loss as training_loss
from asymptotics.limited_samples.formulas import velocity_linear as velocity_linear
from asymptotics.limited_samples.formulas import velocity_mean as velocity_mean
from asymptotics.limited_samples.formulas import velocity_noise as velocity_noise
from asymptotics.limited_samples.formulas import velocity_sample as velocity_sample
from asymptotics.limited_samples.formulas import wasserstein as wasserstein
