"""The formulas of this topic: each result's name, letter, statement, domain, regime and source."""

from __future__ import annotations

from asymptotics.domain import Domain, Relation
from asymptotics.formula import Formula, Topic

_TOPIC = Topic("arXiv:2306.00684", "asymptotics.balance")
LINEAR = "near balance: fluctuations << min(w, 1-w); full-batch data term"
EXACT = "any dimension"

_STABLE = Relation("learning_rate*p*(1 - p) < 1", "larger steps overshoot the balance")
_CONTRACTING = Relation("step < 2*sigma**2", "larger steps run away")
_LEARNABLE = Relation("2*step <= sigma**2", "beyond it nothing that is learned has the width of the data")
_APART = Relation("separation > 2*sigma", "nearer modes are one, with no barrier between them")
_BARRIER = Relation(
    "abs(log(p/(1 - p))) < separation/sigma*sqrt((separation/(2*sigma))**2 - 1) - 2*acosh(separation/(2*sigma))",
    "beyond the spinodal the density has one maximum, and no barrier",
)


critical_jump_rate = Formula(
    "balance.critical_jump_rate", r"\gamma_c",
    "The jump rate of the chains below which training of the modes' balance oscillates.",
    Domain.of("p learning_rate", _STABLE), LINEAR, _TOPIC.derived_here("discriminant of the two-variable model"),
    _TOPIC.derived("log_odds.critical_jump_rate"),
)
weight_std = Formula(
    "balance.weight_std", r"\Delta w",
    "The stationary standard deviation of the model's weight of + in training.",
    Domain.of("p learning_rate jump_rate chains", _STABLE), LINEAR,
    _TOPIC.derived_here("discrete Lyapunov equation of the two-variable model"), _TOPIC.derived("log_odds.weight_std"),
)
imh_acceptance_gaussian = Formula(
    "balance.imh_acceptance_gaussian", r"A_{\mathcal{N}}",
    "The acceptance of independent Metropolis-Hastings for the target N(0, I) and proposals N(0, scale^2 I).",
    Domain.of("d scale"), EXACT, _TOPIC.derived_here("twice the probability of a larger weight"),
    _TOPIC.derived("acceptance.gaussian"),
)
imh_acceptance_lognormal = Formula(
    "balance.imh_acceptance_lognormal", r"A_{\ln\mathcal{N}}",
    "The acceptance of independent Metropolis-Hastings where the log weights are normal with the variance tau^2.",
    Domain.of("tau"), "d -> infinity, tau^2 the sum of many small "
    "variances", _TOPIC.derived_here("twice the probability of a larger weight"),
    _TOPIC.derived("acceptance.lognormal"),
)
jump_rate_independent = Formula(
    "balance.jump_rate_independent", r"\gamma",
    "The relaxation rate per step of the weights of two modes with proposals of the weight q for p, perfect within.",
    Domain.of("p q"), EXACT, _TOPIC.derived_here("two-state chain"), _TOPIC.derived("two_states.jump_rate_independent"),
)
ula_variance = Formula(
    "balance.ula_variance", r"\sigma^2_{\mathrm{ULA}}",
    "The stationary variance of unadjusted Langevin steps on a Gaussian mode.",
    Domain.of("sigma step", _CONTRACTING), EXACT, _TOPIC.derived_here("fixed point of the variance"),
    _TOPIC.derived("langevin.ula_variance"),
)
ula_learned_variance = Formula(
    "balance.ula_learned_variance", "v",
    "The variance of the model that maximum likelihood learns with unadjusted Langevin samples of it.",
    Domain.of("sigma step", _LEARNABLE), EXACT, _TOPIC.derived_here("sampled variance = the data's; the stable root"),
    _TOPIC.derived("langevin.ula_learned_variance"),
)
jump_rate_kramers = Formula(
    "balance.jump_rate_kramers", r"k_{+-}",
    "The rate per step at which Langevin dynamics goes from + to -; from - to + with 1-p for p.",
    Domain.of("p sigma step separation", _APART, _BARRIER),
    "separation/sigma -> infinity, step << 4 sigma^4/separation^2; one dimension",
    _TOPIC.derived_here("mean first-passage time", "textbook Eyring-Kramers is larger by sqrt(pi/2)"),
    _TOPIC.derived("barrier.jump_rate_kramers"),
)

FORMULAS: tuple[Formula, ...] = (
    critical_jump_rate, weight_std, imh_acceptance_gaussian, imh_acceptance_lognormal, jump_rate_independent,
    ula_variance, ula_learned_variance, jump_rate_kramers,
)
