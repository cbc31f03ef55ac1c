"""The catalogue of this room: each result's name, letter, statement, domain, regime and source."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from asymptotics.arguments import ARGUMENTS
from asymptotics.domain import Domain, Relation
from asymptotics.formula import Deferred, Formula, Minimiser, Numbers, Source

PAPER = "arXiv:2412.07972"
EXACT = "any dimension; two modes of equal width"
NARROW = "d -> infinity at fixed kappa; the first phase beta <= kappa/sqrt(d)"
FIRST = "d -> infinity at fixed clock s, then n -> infinity; ridges fixed"
SECOND = "d -> infinity at fixed times; fresh noise at every step; tanh saturated; d -> infinity before n"

_MIX = Relation("alpha > 0 or beta > 0", "x_t would be 0")
_INSIDE = Relation(
    "s**2*sigma**2 < radius**2*d", "the clock s stays below s_max = radius*sqrt(d)/sigma", "radius*sqrt(d)/sigma"
)
_NODE = Relation("kappa**2 < d", "the first phase must end inside the interval: kappa < sqrt(d)")
_BASE = Relation("alpha > 0", "rho = sigma*beta/alpha is infinite at the data end")
_WIDE = Relation("n > 1 or ridge > 0 or alpha > 0", "with one sample and no ridge the generated law has no width")
_UNIT_BETA = replace(ARGUMENTS["beta"], high=Fraction(1))


def _domain(names: str, *relations: Relation) -> Domain:
    return Domain(tuple(names.split()), relations)


_CLOCK = _domain("alpha beta sigma d radius", _MIX)
_RATIO = _domain("alpha beta sigma d radius", _BASE)
_FIELD = _domain("alpha beta sigma", _MIX)
_VELOCITY = _domain("alpha beta dalpha dbeta sigma", _MIX)
_POSTERIOR = _domain("p s")
_CHOICE = _domain("p kappa")
_SECOND = _domain("alpha beta n sigma ridge radius", _MIX, _WIDE)
_LAW = _domain("n sigma ridge radius")


def _derived(place: str) -> Deferred:
    """The derivation `room.function`, imported when it is first asked for."""
    room, function = place.rsplit(".", 1)
    package = "asymptotics" if room == "mixture" else "asymptotics.phases"
    return Deferred(f"{package}.{room}", function)


def _theirs(place: str, notation: str = "") -> Source:
    return Source(PAPER, place, "paper", notation)


def _ours(place: str, notation: str = "") -> Source:
    return Source(PAPER, place, "project", notation)


_UNIT = "theirs with sigma = 1"
_PER_SAMPLE = "ridge is per sample with a mean over fresh noise; in limited_samples it is per draw"

field_skip = Formula(
    "phases.field_skip", "c", "The exact denoiser's coefficient on x_t.",
    _FIELD, EXACT, _theirs("exact denoiser", _UNIT), _derived("mixture.skip"),
)
field_mean = Formula(
    "phases.field_mean", "m", "The exact denoiser's coefficient on mu E[S|x_t], S the mode.",
    _FIELD, EXACT, _theirs("exact denoiser", _UNIT), _derived("mixture.along_mean"),
)
velocity_linear = Formula(
    "phases.velocity_linear", r"\Gamma", "The exact velocity's coefficient on x_t.",
    _VELOCITY, EXACT, _theirs("exact velocity", _UNIT), _derived("mixture.velocity_linear"),
)
velocity_mean = Formula(
    "phases.velocity_mean", r"k\,m", "The exact velocity's coefficient on mu E[S|x_t], regular at alpha = 0.",
    _VELOCITY, EXACT, _theirs("exact velocity", _UNIT), _derived("mixture.velocity_mean"),
)
speciation = Formula(
    "phases.speciation", "s", "The speciation clock: half the distance of the noised modes in units of their width.",
    _CLOCK, EXACT, _ours("the posterior depends on it alone"), _derived("clocks.speciation"),
)
variance_ratio = Formula(
    "phases.variance_ratio", r"\rho", "The clock of the variance: data over base in the width of a mode.",
    _RATIO, EXACT, _ours("variance of x_t given the mode"), _derived("clocks.variance_ratio"),
)
boundary = Formula(
    "phases.boundary", r"\beta^\star", "The weight beta on the linear schedule at which the clock reaches s.",
    _domain("s sigma d radius", _INSIDE), EXACT, _ours("the clock solved for beta/alpha"), _derived("clocks.boundary"),
)
dilated_time = Formula(
    "phases.dilated_time", r"\tau^{-1}(\beta)",
    "The time at which the linear schedule, dilated to spend half of it below kappa/sqrt(d), reaches beta.",
    Domain(("beta", "kappa", "d"), (_NODE,), (_UNIT_BETA,)), EXACT, _theirs("definition of the dilation"),
    _derived("clocks.dilated_time"),
)
mmse = Formula(
    "phases.mmse", r"\mathrm{mmse}", "The mean squared error of the best guess of the mode (+-1) at clock s.",
    _POSTERIOR, EXACT, _ours("posterior of the mode"), _derived("posterior.mmse"),
)
posterior_second_moment = Formula(
    "phases.posterior_second_moment", r"E\tanh^2", "The mean square of the posterior mean of the mode at clock s.",
    _POSTERIOR, EXACT, _ours("posterior of the mode"), _derived("posterior.second_moment"),
)
clone_probability = Formula(
    "phases.clone_probability", r"P_{\mathrm{clone}}",
    "The probability that two points returned from the same x_t by the reverse process end in one mode.",
    _POSTERIOR, EXACT, _ours("posterior of the mode", "at p = 1/2, s = 1 the .775 of arXiv:2402.18491"),
    _derived("posterior.clone_probability"),
)
information = Formula(
    "phases.information", "I", "The mutual information of the mode and x_t at clock s, in nats.",
    _POSTERIOR, EXACT, _ours("entropy of the posterior"), _derived("posterior.information"),
)
spinodal = Formula(
    "phases.spinodal", r"s_{\mathrm{sp}}", "The clock at which the noised density along mu gets its second maximum.",
    _domain("p"), EXACT, _ours("slope and curvature vanish together"), _derived("criteria.spinodal"),
)
total_variation = Formula(
    "phases.total_variation", r"\mathrm{TV}", "The total variation distance of the two noised modes at clock s.",
    _domain("s"), EXACT, _ours("two Gaussians"), _derived("criteria.total_variation"),
)
denoising_error = Formula(
    "phases.denoising_error", r"\mathcal{E}_{\mathrm{oracle}}",
    "The least squared error |f(x_t) - x1|^2 per d of any denoiser, the mode's part included.",
    _domain("alpha beta sigma p d radius", _MIX), EXACT, _ours("variance given the mode, and of the mode"),
    _derived("denoising.error"),
)
mode_probability_sign = Formula(
    "phases.mode_probability_sign", r"\hat p_{\mathrm{sign}}",
    "The generated weight of the + mode if the second phase reads the sign of mu.x at beta = kappa/sqrt(d).",
    _CHOICE, NARROW, _ours("law of mu.x after the first phase"), _derived("decision.by_sign"),
)
mode_probability_field = Formula(
    "phases.mode_probability_field", r"\hat p_{\mathrm{field}}",
    "The same if it reads the sign of the exact field there (its first Euler step).",
    _CHOICE, NARROW, _ours("law of mu.x after the first phase"), _derived("decision.by_field"),
)
uturn_sde_plus = Formula(
    "phases.uturn_sde_plus", "P_{++}", "The probability that a + sample noised to clock s returns to + by the SDE.",
    _POSTERIOR, EXACT, _ours("posterior averaged over the noised mode"), _derived("posterior.uturn_sde_plus"),
)
uturn_sde_minus = Formula(
    "phases.uturn_sde_minus", "P_{+-}", "The probability that a - sample noised to clock s returns to + by the SDE.",
    _POSTERIOR, EXACT, _ours("posterior averaged over the noised mode"), _derived("posterior.uturn_sde_minus"),
)
uturn_ode_plus = Formula(
    "phases.uturn_ode_plus", "P^{\\mathrm{ODE}}_{++}",
    "The probability that a + sample noised afresh to clock s returns to + by the probability-flow ODE.",
    _POSTERIOR, "s_max = |mu|/sigma -> infinity", _ours("the flow keeps the order of mu.x"),
    _derived("decision.uturn_ode_plus"),
)
uturn_ode_minus = Formula(
    "phases.uturn_ode_minus", "P^{\\mathrm{ODE}}_{+-}",
    "The probability that a - sample noised afresh to clock s returns to + by the probability-flow ODE.",
    _POSTERIOR, "s_max = |mu|/sigma -> infinity", _ours("the flow keeps the order of mu.x"),
    _derived("decision.uturn_ode_minus"),
)
second_skip = Formula(
    "phases.second_skip", "c", "The skip learned in the second phase from n samples.",
    _SECOND, SECOND, _ours(
        "limit of limited_samples.skip",
        f"{_PER_SAMPLE}; the authors' repository prints another finite-n c with alpha^2 (ridge + n + 1) in the "
        "denominator: at n = 16, ridge = .1, sigma = 1, t = .3 it gives .4678, this .4926, and direct SGD .49248",
    ), _derived("second.skip"),
)
second_mean = Formula(
    "phases.second_mean", "m", "The overlap of u with mu learned in the second phase, u.mu/(radius^2 d).",
    _SECOND, SECOND, _ours("limit of limited_samples.overlap_mean", _PER_SAMPLE), _derived("second.overlap_mean"),
)
second_sample = Formula(
    "phases.second_sample", r"q_\eta", "The overlap of u with the deviations of the samples, u.eta/(n sigma^2 d).",
    _SECOND, SECOND, _ours("limit of limited_samples.overlap_sample", _PER_SAMPLE), _derived("second.overlap_sample"),
)
second_flow_mean = Formula(
    "phases.second_flow_mean", "M", "The flow's coefficient on mu in the second phase, times the sign of the mode.",
    _SECOND, SECOND, _ours("limit of limited_samples.flow_mean", _PER_SAMPLE), _derived("second.flow_mean"),
    pinned=True,
)
second_flow_variance = Formula(
    "phases.second_flow_variance", "F", "The variance factor of the flow in the second phase.",
    _SECOND, SECOND, _ours("limit of limited_samples.flow_variance", _PER_SAMPLE), _derived("second.flow_variance"),
    pinned=True,
)
second_variance = Formula(
    "phases.second_variance", "S", "The variance per coordinate of each generated mode, with fresh noise.",
    _LAW, SECOND, _ours("limit of limited_samples.generated_variance", _PER_SAMPLE),
    _derived("second.generated_variance"), pinned=True,
)
second_mean_error = Formula(
    "phases.second_mean_error", r"\mathcal{E}", "The error of the generated mean, |mu_hat - mu|^2/d, with fresh noise.",
    _LAW, SECOND, _ours("limit of limited_samples.mean_error", _PER_SAMPLE), _derived("second.mean_error"), pinned=True,
)
first_weight = Formula(
    "phases.first_weight", r"\omega", "The overlap w.mu/d learned in the first phase from infinitely many samples.",
    _domain("s"), FIRST, _theirs("first phase"), _derived("first.derivation.weight"),
)
first_bias = Formula(
    "phases.first_bias", "b", "The bias learned in the first phase from infinitely many samples: half the log odds.",
    _domain("p"), FIRST, _theirs("first phase"), _derived("first.derivation.bias"),
)
first_skip = Formula(
    "phases.first_skip", r"\sqrt d\,c",
    "sqrt(d) times the skip learned in the first phase from infinitely many samples.",
    _domain("sigma s"), FIRST, _ours("regression of what u leaves"), _derived("first.derivation.skip"),
)
first_phase = Minimiser(
    "phases.first_phase", r"(\omega,b)",
    "What n_plus + n_minus samples teach in the first phase at clock s: omega, b, and from them r, m, q, objective.",
    _domain("n_plus n_minus sigma ridge_u ridge_w s"),
    "d -> infinity at fixed clock s; fresh noise at every step; d -> infinity before n",
    _ours("minimisation in two variables", "the objective is per d, without the constant n (1 + sigma^2)/2"),
    _derived("first.derivation.finite"),
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
