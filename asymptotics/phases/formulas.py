"""The formulas of this topic: each result's name, letter, statement, domain, regime and source."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from asymptotics.domain import MIX, Domain, Relation
from asymptotics.formula import Formula, Minimiser, Numbers, Topic
from asymptotics.symbols import ARGUMENTS

_TOPIC = Topic("arXiv:2412.07972", "asymptotics.phases")
EXACT = "any dimension; two modes of equal width"
NARROW = "d -> infinity at fixed kappa; the first phase beta <= kappa/sqrt(d)"
FIRST = "d -> infinity at fixed clock s, then n -> infinity; ridges fixed"
SECOND = "d -> infinity at fixed times; fresh noise at every step; tanh saturated; d -> infinity before n"

_INSIDE = Relation(
    "s**2*sigma**2 < radius**2*d", "the clock s stays below s_max = radius*sqrt(d)/sigma", "radius*sqrt(d)/sigma"
)
_NODE = Relation("kappa**2 < d", "the first phase must end inside the interval: kappa < sqrt(d)")
_BASE = Relation("alpha > 0", "rho = sigma*beta/alpha is infinite at the data end")
_WIDE = Relation("n > 1 or ridge > 0 or alpha > 0", "with one sample and no ridge the generated law has no width")
_UNIT_BETA = replace(ARGUMENTS["beta"], high=Fraction(1))


_CLOCK = Domain.of("alpha beta sigma d radius", MIX)
_RATIO = Domain.of("alpha beta sigma d radius", _BASE)
_FIELD = Domain.of("alpha beta sigma", MIX)
_VELOCITY = Domain.of("alpha beta dalpha dbeta sigma", MIX)
_POSTERIOR = Domain.of("p s")
_CHOICE = Domain.of("p kappa")
_SECOND = Domain.of("alpha beta n sigma ridge radius", MIX, _WIDE)
_LAW = Domain.of("n sigma ridge radius")


_UNIT = "sigma = 1 in the earlier repository"
_PER_SAMPLE = "ridge is per sample with a mean over fresh noise; in limited_samples it is per draw"

field_skip = Formula(
    "phases.field_skip", "c", "The exact denoiser's coefficient on x_t.",
    _FIELD, EXACT, _TOPIC.stated("exact denoiser", _UNIT), _TOPIC.derived("asymptotics.mixture.skip"),
)
field_mean = Formula(
    "phases.field_mean", "m", "The exact denoiser's coefficient on mu E[S|x_t], S the mode.",
    _FIELD, EXACT, _TOPIC.stated("exact denoiser", _UNIT), _TOPIC.derived("asymptotics.mixture.along_mean"),
)
velocity_linear = Formula(
    "phases.velocity_linear", r"\Gamma", "The exact velocity's coefficient on x_t.",
    _VELOCITY, EXACT, _TOPIC.stated("exact velocity", _UNIT), _TOPIC.derived("asymptotics.mixture.velocity_linear"),
)
velocity_mean = Formula(
    "phases.velocity_mean", r"k\,m", "The exact velocity's coefficient on mu E[S|x_t], regular at alpha = 0.",
    _VELOCITY, EXACT, _TOPIC.stated("exact velocity", _UNIT), _TOPIC.derived("asymptotics.mixture.velocity_mean"),
)
speciation = Formula(
    "phases.speciation", "s", "The speciation clock: half the distance of the noised modes in units of their width.",
    _CLOCK, EXACT, _TOPIC.derived_here("the posterior depends on it alone"), _TOPIC.derived("clocks.speciation"),
)
variance_ratio = Formula(
    "phases.variance_ratio", r"\rho", "The clock of the variance: data over base in the width of a mode.",
    _RATIO, EXACT, _TOPIC.derived_here("variance of x_t given the mode"), _TOPIC.derived("clocks.variance_ratio"),
)
boundary = Formula(
    "phases.boundary", r"\beta^\star", "The weight beta on the linear schedule at which the clock reaches s.",
    Domain.of("s sigma d radius", _INSIDE), EXACT, _TOPIC.derived_here("the clock solved for beta/alpha"),
    _TOPIC.derived("clocks.boundary"),
)
dilated_time = Formula(
    "phases.dilated_time", r"\tau^{-1}(\beta)",
    "The time at which the linear schedule, dilated to spend half of it below kappa/sqrt(d), reaches beta.",
    Domain(("beta", "kappa", "d"), (_NODE,), (_UNIT_BETA,)), EXACT, _TOPIC.stated("definition of the dilation"),
    _TOPIC.derived("clocks.dilated_time"),
)
mmse = Formula(
    "phases.mmse", r"\mathrm{mmse}", "The mean squared error of the best guess of the mode (+-1) at clock s.",
    _POSTERIOR, EXACT, _TOPIC.derived_here("posterior of the mode"), _TOPIC.derived("posterior.mmse"),
)
posterior_second_moment = Formula(
    "phases.posterior_second_moment", r"E\tanh^2", "The mean square of the posterior mean of the mode at clock s.",
    _POSTERIOR, EXACT, _TOPIC.derived_here("posterior of the mode"), _TOPIC.derived("posterior.second_moment"),
)
clone_probability = Formula(
    "phases.clone_probability", r"P_{\mathrm{clone}}",
    "The probability that two points returned from the same x_t by the reverse process end in one mode.",
    _POSTERIOR, EXACT, _TOPIC.derived_here("posterior of the mode", "at p = 1/2, s = 1 the .775 of arXiv:2402.18491"),
    _TOPIC.derived("posterior.clone_probability"),
)
information = Formula(
    "phases.information", "I", "The mutual information of the mode and x_t at clock s, in nats.",
    _POSTERIOR, EXACT, _TOPIC.derived_here("entropy of the posterior"), _TOPIC.derived("posterior.information"),
)
spinodal = Formula(
    "phases.spinodal", r"s_{\mathrm{sp}}", "The clock at which the noised density along mu gets its second maximum.",
    Domain.of("p"), EXACT, _TOPIC.derived_here("slope and curvature vanish together"),
    _TOPIC.derived("criteria.spinodal"),
)
total_variation = Formula(
    "phases.total_variation", r"\mathrm{TV}", "The total variation distance of the two noised modes at clock s.",
    Domain.of("s"), EXACT, _TOPIC.derived_here("two Gaussians"), _TOPIC.derived("criteria.total_variation"),
)
denoising_error = Formula(
    "phases.denoising_error", r"\mathcal{E}_{\mathrm{oracle}}",
    "The least squared error |f(x_t) - x1|^2 per d of any denoiser, the mode's part included.",
    Domain.of("alpha beta sigma p d radius", MIX), EXACT,
    _TOPIC.derived_here("variance given the mode, and of the mode"),
    _TOPIC.derived("denoising.error"),
)
mode_probability_sign = Formula(
    "phases.mode_probability_sign", r"\hat p_{\mathrm{sign}}",
    "The generated weight of the + mode if the second phase reads the sign of mu.x at beta = kappa/sqrt(d).",
    _CHOICE, NARROW, _TOPIC.derived_here("law of mu.x after the first phase"), _TOPIC.derived("decision.by_sign"),
)
mode_probability_field = Formula(
    "phases.mode_probability_field", r"\hat p_{\mathrm{field}}",
    "The same if it reads the sign of the exact field there (its first Euler step).",
    _CHOICE, NARROW, _TOPIC.derived_here("law of mu.x after the first phase"), _TOPIC.derived("decision.by_field"),
)
uturn_sde_plus = Formula(
    "phases.uturn_sde_plus", "P_{++}", "The probability that a + sample noised to clock s returns to + by the SDE.",
    _POSTERIOR, EXACT, _TOPIC.derived_here("posterior averaged over the noised mode"),
    _TOPIC.derived("posterior.uturn_sde_plus"),
)
uturn_sde_minus = Formula(
    "phases.uturn_sde_minus", "P_{+-}", "The probability that a - sample noised to clock s returns to + by the SDE.",
    _POSTERIOR, EXACT, _TOPIC.derived_here("posterior averaged over the noised mode"),
    _TOPIC.derived("posterior.uturn_sde_minus"),
)
uturn_ode_plus = Formula(
    "phases.uturn_ode_plus", "P^{\\mathrm{ODE}}_{++}",
    "The probability that a + sample noised afresh to clock s returns to + by the probability-flow ODE.",
    _POSTERIOR, "s_max = |mu|/sigma -> infinity", _TOPIC.derived_here("the flow keeps the order of mu.x"),
    _TOPIC.derived("decision.uturn_ode_plus"),
)
uturn_ode_minus = Formula(
    "phases.uturn_ode_minus", "P^{\\mathrm{ODE}}_{+-}",
    "The probability that a - sample noised afresh to clock s returns to + by the probability-flow ODE.",
    _POSTERIOR, "s_max = |mu|/sigma -> infinity", _TOPIC.derived_here("the flow keeps the order of mu.x"),
    _TOPIC.derived("decision.uturn_ode_minus"),
)
second_skip = Formula(
    "phases.second_skip", "c", "The skip learned in the second phase from n samples.",
    _SECOND, SECOND, _TOPIC.derived_here(
        "limit of limited_samples.skip",
        f"{_PER_SAMPLE}; the authors' repository prints another finite-n c with alpha^2 (ridge + n + 1) in the "
        "denominator: at n = 16, ridge = .1, sigma = 1, t = .3 it gives .4678, this .4926, and direct SGD .49248",
    ), _TOPIC.derived("second.skip"),
)
second_mean = Formula(
    "phases.second_mean", "m", "The overlap of u with mu learned in the second phase, u.mu/(radius^2 d).",
    _SECOND, SECOND, _TOPIC.derived_here("limit of limited_samples.overlap_mean", _PER_SAMPLE),
    _TOPIC.derived("second.overlap_mean"),
)
second_sample = Formula(
    "phases.second_sample", r"q_\eta", "The overlap of u with the deviations of the samples, u.eta/(n sigma^2 d).",
    _SECOND, SECOND, _TOPIC.derived_here("limit of limited_samples.overlap_sample", _PER_SAMPLE),
    _TOPIC.derived("second.overlap_sample"),
)
second_flow_mean = Formula(
    "phases.second_flow_mean", "M", "The flow's coefficient on mu in the second phase, times the sign of the mode.",
    _SECOND, SECOND, _TOPIC.derived_here("limit of limited_samples.flow_mean", _PER_SAMPLE),
    _TOPIC.derived("second.flow_mean"),
    pinned=True,
)
second_flow_variance = Formula(
    "phases.second_flow_variance", "F", "The variance factor of the flow in the second phase.",
    _SECOND, SECOND, _TOPIC.derived_here("limit of limited_samples.flow_variance", _PER_SAMPLE),
    _TOPIC.derived("second.flow_variance"),
    pinned=True,
)
second_variance = Formula(
    "phases.second_variance", "S", "The variance per coordinate of each generated mode, with fresh noise.",
    _LAW, SECOND, _TOPIC.derived_here("limit of limited_samples.generated_variance", _PER_SAMPLE),
    _TOPIC.derived("second.generated_variance"), pinned=True,
)
second_mean_error = Formula(
    "phases.second_mean_error", r"\mathcal{E}", "The error of the generated mean, |mu_hat - mu|^2/d, with fresh noise.",
    _LAW, SECOND, _TOPIC.derived_here("limit of limited_samples.mean_error", _PER_SAMPLE),
    _TOPIC.derived("second.mean_error"), pinned=True,
)
first_weight = Formula(
    "phases.first_weight", r"\omega", "The overlap w.mu/d learned in the first phase from infinitely many samples.",
    Domain.of("s"), FIRST, _TOPIC.stated("first phase"), _TOPIC.derived("first.derivation.weight"),
)
first_bias = Formula(
    "phases.first_bias", "b", "The bias learned in the first phase from infinitely many samples: half the log odds.",
    Domain.of("p"), FIRST, _TOPIC.stated("first phase"), _TOPIC.derived("first.derivation.bias"),
)
first_skip = Formula(
    "phases.first_skip", r"\sqrt d\,c",
    "sqrt(d) times the skip learned in the first phase from infinitely many samples.",
    Domain.of("sigma s"), FIRST, _TOPIC.derived_here("regression of what u leaves"),
    _TOPIC.derived("first.derivation.skip"),
)
first_phase = Minimiser(
    "phases.first_phase", r"(\omega,b)",
    "What n_plus + n_minus samples teach in the first phase at clock s: omega, b, and from them r, m, q, objective.",
    Domain.of("n_plus n_minus sigma ridge_u ridge_w s"),
    "d -> infinity at fixed clock s; fresh noise at every step; d -> infinity before n",
    _TOPIC.derived_here("minimisation in two variables, which their notebook has up to O(1/n)",
        "the objective is per d, without the constant n (1 + sigma^2)/2"),
    _TOPIC.derived("first.derivation.finite"),
    numbers=Numbers(
        "asymptotics.phases.first.minimise:first_phase", "asymptotics.phases.first.minimise:first_phase_mp",
        "asymptotics.phases.first.tensors:first_phase_torch", "asymptotics.phases.first:minimise.js",
        (("omega", r"\omega"), ("b", "b"), ("r", "r"), ("m", "m"), ("q", "q"), ("objective", "F")),
    ),
)

FORMULAS: tuple[Formula, ...] = (
    field_skip, field_mean, velocity_linear, velocity_mean, speciation, variance_ratio, boundary, dilated_time,
    mmse, posterior_second_moment, clone_probability, information, spinodal, total_variation, denoising_error,
    mode_probability_sign, mode_probability_field, uturn_sde_plus, uturn_sde_minus, uturn_ode_plus, uturn_ode_minus,
    second_skip, second_mean, second_sample, second_flow_mean, second_flow_variance, second_variance,
    second_mean_error, first_weight, first_bias, first_skip, first_phase,
)
