"""The formulas of this topic: each result's name, letter, statement, domain, regime and source.

The expressions are not here: `derive` names the derivation that returns them.
"""

from __future__ import annotations

from asymptotics.domain import MIX, Domain, Relation
from asymptotics.formula import Formula, Topic

_SWAP = "their code swaps the letters alpha and beta"
_TOPIC = Topic("arXiv:2310.03575", "asymptotics.limited_samples", notation=_SWAP)
REGIME = "d -> infinity with n, sigma, ridge, draws and radius fixed; balanced modes; phi -> sign"
READ = REGIME + "; at beta = 0, where the sign of x_t cannot be read, the limit beta -> 0 taken after d -> infinity"

_PAIRS = Relation(
    "n*draws > 1", "at n*draws = 1 the margin is 0 and the infimum of the risk is not attained"
)
_DEPENDS = Relation(
    "alpha > 0 or n > 1 or ridge > 0",
    "with one sample and no ridge the value at alpha = 0 depends on how alpha gets there",
)
_SPREAD = Relation("n > 1 or ridge > 0", "with one sample and no ridge the generated law has no width")


_DENOISER = Domain.of("alpha beta n sigma ridge draws radius", _PAIRS, MIX, _DEPENDS)
_ORACLE = Domain.of("alpha beta sigma", MIX)
_VELOCITY = Domain.of("alpha beta dalpha dbeta n sigma ridge draws radius", _PAIRS, MIX, _DEPENDS)
_LAW = Domain.of("n sigma ridge draws radius", _PAIRS)
_WIDE_LAW = Domain.of("n sigma ridge draws radius", _PAIRS, _SPREAD)
_BAYES = Domain.of("n sigma radius")
_TUNED = Domain.of("n sigma draws radius", _PAIRS)

GRAM_MATRIX = Relation("spread_data*spread_noise > spread_cross**2", "the spreads are a Gram matrix of the pairs")
_SPREADS = "spread_data spread_noise spread_cross"
_FINITE = Domain.of(f"alpha beta {_SPREADS}", GRAM_MATRIX, MIX)
_FINITE_VELOCITY = Domain.of(f"alpha beta dalpha dbeta {_SPREADS}", GRAM_MATRIX, MIX)
_FINITE_LAW = Domain.of("spread_data spread_noise")
ANY_DIMENSION = "any dimension d, given that the labels are the true signs; balanced modes; phi -> sign"
FLUCTUATES = "leading order as d -> infinity, given that the labels are the true signs; over data sets"
LEANS = (
    "leading order as d -> infinity, given a data set and that the labels are the true signs; along xi this order is "
    "0, for w at the noise end has no component along it"
)

_ONE_DRAW = f"theirs with draws = 1; {_SWAP}"


skip = Formula(
    "limited_samples.skip", "c",
    "The learned skip connection c of the denoiser f(x) = c x + w sign(w.x).",
    _DENOISER, REGIME,
    _TOPIC.stated("closed form", f"theirs with draws = 1 and radius = 1; {_SWAP}"),
    _TOPIC.derived("denoiser.skip"),
)
overlap_mean = Formula(
    "limited_samples.overlap_mean", "m",
    "The learned overlap with the mean, w.mu/(radius^2 d).",
    _DENOISER, REGIME,
    _TOPIC.stated("closed form", _ONE_DRAW), _TOPIC.derived("denoiser.overlap_mean"),
)
overlap_noise = Formula(
    "limited_samples.overlap_noise", r"q_\xi",
    "The learned overlap with the base draws, w.xi/(n draws d), xi = sum s x0.",
    _DENOISER, REGIME,
    _TOPIC.stated("their Theory notebook, components of result 2.1", "theirs with draws = 1 and radius = 1; negative "
                  "here and in their figure, the notebook's sign differs"),
    _TOPIC.derived("denoiser.overlap_noise"),
)
overlap_sample = Formula(
    "limited_samples.overlap_sample", r"q_\eta",
    "The learned overlap with the samples' deviations, w.eta/(n sigma^2 d), eta = sum s (x1 - s mu).",
    _DENOISER, REGIME,
    _TOPIC.stated("closed form", _ONE_DRAW), _TOPIC.derived("denoiser.overlap_sample"),
)
margin = Formula(
    "limited_samples.margin", r"\kappa",
    "The margin s w.x_t/d on every training pair; labels are self-consistent because it is positive.",
    _DENOISER, REGIME, _TOPIC.derived_here("inner product of w and x_t"), _TOPIC.derived("denoiser.margin"),
)
training_loss = Formula(
    "limited_samples.training_loss", r"\mathcal{L}",
    "The least training risk, ridge included, per n*draws*d (with the factor 1/2 of the risk).",
    _DENOISER, REGIME, _TOPIC.derived_here("the minimum of the risk"), _TOPIC.derived("denoiser.training_loss"),
)
test_error = Formula(
    "limited_samples.test_error", r"\mathcal{E}_{\mathrm{test}}",
    "The learned denoiser's squared error |f(x_t) - x1|^2 on a fresh pair, per d (no factor 1/2).",
    _DENOISER, READ, _TOPIC.derived_here("risk on a fresh pair"), _TOPIC.derived("denoiser.test_error"),
)
oracle_error = Formula(
    "limited_samples.oracle_error", r"\mathcal{E}_{\mathrm{oracle}}",
    "The least squared error |f(x_t) - x1|^2 per d when mu and sigma are known.",
    _ORACLE, READ, _TOPIC.derived_here("minimum of the population risk"), _TOPIC.derived("denoiser.oracle_error"),
)
velocity_linear = Formula(
    "limited_samples.velocity_linear", r"\Gamma",
    "The learned velocity's coefficient on x.",
    _VELOCITY, REGIME, _TOPIC.derived_here("regular form of k c + dalpha/alpha"), _TOPIC.derived("velocity.linear"),
)
velocity_mean = Formula(
    "limited_samples.velocity_mean", r"k\,m",
    "The learned velocity's coefficient on mu, times sign(w.x).",
    _VELOCITY, REGIME, _TOPIC.derived_here("regular form of k m"), _TOPIC.derived("velocity.mean"),
)
velocity_noise = Formula(
    "limited_samples.velocity_noise", r"k\,q_\xi",
    "The learned velocity's coefficient on xi, times sign(w.x).",
    _VELOCITY, REGIME, _TOPIC.derived_here("regular form of k q_xi"), _TOPIC.derived("velocity.noise"),
)
velocity_sample = Formula(
    "limited_samples.velocity_sample", r"k\,q_\eta",
    "The learned velocity's coefficient on eta, times sign(w.x).",
    _VELOCITY, REGIME, _TOPIC.derived_here("regular form of k q_eta"), _TOPIC.derived("velocity.sample"),
)
flow_mean = Formula(
    "limited_samples.flow_mean", "M",
    "The flow's coefficient on mu, times sign(w.X_0).",
    _DENOISER, REGIME, _TOPIC.derived_here("ansatz, for every schedule"), _TOPIC.derived("flow.mean"), pinned=True,
)
flow_noise = Formula(
    "limited_samples.flow_noise", r"Q_\xi",
    "The flow's coefficient on xi, times sign(w.X_0).",
    _DENOISER, REGIME, _TOPIC.derived_here("ansatz, for every schedule"), _TOPIC.derived("flow.noise"), pinned=True,
)
flow_sample = Formula(
    "limited_samples.flow_sample", r"Q_\eta",
    "The flow's coefficient on eta, times sign(w.X_0).",
    _DENOISER, REGIME, _TOPIC.derived_here("ansatz, for every schedule"), _TOPIC.derived("flow.sample"), pinned=True,
)
flow_variance = Formula(
    "limited_samples.flow_variance", "F",
    "The variance factor of the flow: X_0 enters X_t with weight sqrt(F).",
    _DENOISER, REGIME, _TOPIC.derived_here("integrating factor, for every schedule"),
    _TOPIC.derived("flow.factor"), pinned=True,
)
generated_variance = Formula(
    "limited_samples.generated_variance", r"\hat\sigma^2",
    "The variance per coordinate of each generated mode.",
    _LAW, REGIME, _TOPIC.derived_here("variance factor at the data end"),
    _TOPIC.derived("generated.generated_variance"), pinned=True,
)
mean_error = Formula(
    "limited_samples.mean_error", r"\mathcal{E}",
    "The error of the generated mean, |mu_hat - mu|^2/d (of the law's centre given the data).",
    _LAW, REGIME,
    _TOPIC.stated("abstract; Result 3.3, distance", f"{_ONE_DRAW}; derived again here"),
    _TOPIC.derived("generated.mean_error"), pinned=True,
)
mean_cosine = Formula(
    "limited_samples.mean_cosine", r"\cos(\hat\mu,\mu)",
    "The cosine of the angle between the generated mean and the true one.",
    _LAW, REGIME, _TOPIC.stated("Result 3.3, angle", f"{_ONE_DRAW}; derived again here"),
    _TOPIC.derived("generated.mean_cosine"), pinned=True,
)
wasserstein = Formula(
    "limited_samples.wasserstein", "W_2^2/d",
    "The squared 2-Wasserstein distance between generated and target law, per d.",
    _LAW, REGIME, _TOPIC.derived_here("cluster by cluster"), _TOPIC.derived("generated.wasserstein"), pinned=True,
)
kl_divergence = Formula(
    "limited_samples.kl_divergence", r"\mathrm{KL}/d",
    "The Kullback-Leibler divergence KL(generated || target), per d, in nats.",
    _WIDE_LAW, REGIME, _TOPIC.derived_here("cluster by cluster"),
    _TOPIC.derived("generated.kl_divergence"), pinned=True,
)
best_ridge = Formula(
    "limited_samples.best_ridge", r"\lambda^\star",
    "The ridge >= 0 with the least mean_error (0 when the minimum is at the edge).",
    _TUNED, REGIME, _TOPIC.derived_here("stationarity of mean_error"), _TOPIC.derived("ridge.best_ridge"), pinned=True,
)
no_skip_error = Formula(
    "limited_samples.no_skip_error", r"\mathcal{E}_{c=0}",
    "The error of the generated mean, |mu_hat - mu|^2/d, of the network without skip connection.",
    _LAW, REGIME, _TOPIC.derived_here("the same derivation with c = 0"), _TOPIC.derived("no_skip.error"), pinned=True,
)
bayes_error = Formula(
    "limited_samples.bayes_error", r"\mathcal{E}_{\mathrm{Bayes}}",
    "The least possible |estimate - mu|^2/d from n samples, prior mu ~ N(0, radius^2 I).",
    _BAYES, REGIME, _TOPIC.stated("Bayes rate; constant from the conjugate posterior", ""),
    _TOPIC.derived("bayes.error"),
)
bayes_cosine = Formula(
    "limited_samples.bayes_cosine", r"\cos_{\mathrm{Bayes}}",
    "The cosine of the angle between the posterior mean and mu.",
    _BAYES, REGIME, _TOPIC.stated("Bayes rate; constant from the conjugate posterior", ""),
    _TOPIC.derived("bayes.cosine"),
)

finite_skip = Formula(
    "limited_samples.finite_skip", "c",
    "The learned skip connection at any dimension, in the three spreads of the data set.",
    _FINITE, ANY_DIMENSION, _TOPIC.derived_here("minimisation of the risk in the sums S1, S0"),
    _TOPIC.derived("finite.skip"),
)
finite_velocity = Formula(
    "limited_samples.finite_velocity", r"\Gamma",
    "The learned velocity's coefficient on x at any dimension, in the three spreads of the data set.",
    _FINITE_VELOCITY, ANY_DIMENSION, _TOPIC.derived_here("regular form of k c + dalpha/alpha"),
    _TOPIC.derived("finite.velocity"),
)
finite_flow_variance = Formula(
    "limited_samples.finite_flow_variance", "F",
    "The variance factor of the flow at any dimension: X_0 enters X_t with weight sqrt(F).",
    _FINITE, ANY_DIMENSION, _TOPIC.derived_here("integrating factor, for every schedule"),
    _TOPIC.derived("finite.flow_variance"),
    pinned=True,
)
finite_variance = Formula(
    "limited_samples.finite_variance", r"\hat\sigma^2",
    "The variance per coordinate of each generated mode at any dimension.",
    _FINITE_LAW, ANY_DIMENSION, _TOPIC.derived_here("variance factor at the data end"),
    _TOPIC.derived("finite.generated_variance"),
    pinned=True,
)


def _fluctuation(of: Formula, what: str) -> Formula:
    return Formula(
        f"{of.name}.fluctuation", rf"\sqrt{{d}}\,\mathrm{{sd}}\bigl[{of.letter}\bigr]",
        f"lim sqrt(d) x standard deviation over data sets of {what}.",
        of.domain, FLUCTUATES, _TOPIC.derived_here("delta method on the exact solution"),
        _TOPIC.derived(f"corrections.fluctuations.{of.name.rsplit('.', 1)[-1]}"), of.pinned,
    )


FLUCTUATIONS: tuple[Formula, ...] = (
    _fluctuation(skip, "the learned skip"),
    _fluctuation(overlap_mean, "the measured overlap w.mu/(radius^2 d)"),
    _fluctuation(overlap_noise, "the measured overlap w.xi/(n draws d)"),
    _fluctuation(overlap_sample, "the measured overlap w.eta/(n sigma^2 d)"),
    _fluctuation(training_loss, "the least training risk, per n*draws*d"),
    _fluctuation(flow_mean, "the overlap offset.mu/(radius^2 d), where X_t = sign(w.X_0) offset + sqrt(F) X_0"),
    _fluctuation(flow_noise, "the overlap offset.xi/(n draws d), where X_t = sign(w.X_0) offset + sqrt(F) X_0"),
    _fluctuation(flow_sample, "the overlap offset.eta/(n sigma^2 d), where X_t = sign(w.X_0) offset + sqrt(F) X_0"),
    _fluctuation(flow_variance, "the variance factor of the flow"),
    _fluctuation(generated_variance, "the generated variance"),
    _fluctuation(mean_error, "the error of the generated mean"),
    _fluctuation(mean_cosine, "the cosine between the generated mean and the true one"),
    _fluctuation(no_skip_error, "the error of the generated mean without the skip connection"),
)


def _bias(of: Formula, what: str) -> Formula:
    return Formula(
        f"{of.name}.bias", rf"\sqrt{{d}}\,\mathrm{{bias}}\bigl[{of.letter}\bigr]",
        f"lim sqrt(d) x (mean of {what} over generated points - {of.name.rsplit('.', 1)[-1]}), cluster = sign(w.X_0) "
        "at the start.",
        of.domain, LEANS, _TOPIC.derived_here("half-normal law of X_0 inside a cluster"),
        _TOPIC.derived(f"corrections.half_normal.{of.name.rsplit('.', 1)[-1]}"), of.pinned,
    )


BIASES: tuple[Formula, ...] = (
    _bias(flow_mean, "cluster X_t.mu/(radius^2 d)"),
    _bias(flow_sample, "cluster X_t.eta/(n sigma^2 d)"),
)

FORMULAS: tuple[Formula, ...] = (
    skip, overlap_mean, overlap_noise, overlap_sample, margin, training_loss, test_error, oracle_error,
    velocity_linear, velocity_mean, velocity_noise, velocity_sample,
    flow_mean, flow_noise, flow_sample, flow_variance,
    generated_variance, mean_error, mean_cosine, wasserstein, kl_divergence, best_ridge,
    no_skip_error, bayes_error, bayes_cosine,
    finite_skip, finite_velocity, finite_flow_variance, finite_variance, *FLUCTUATIONS, *BIASES,
)
