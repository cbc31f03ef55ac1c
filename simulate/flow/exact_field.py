"""The exact field of the mixture p N(mu, sigma^2 I) + (1-p) N(-mu, sigma^2 I) on any schedule, at any dimension.

With V = alpha^2 + sigma^2 beta^2 and m = tanh(h + beta mu.x/V) the posterior mean of the mode: E[x1|x] =
(sigma^2 beta/V) x + (alpha^2/V) m mu, and the velocity in the form that is regular at alpha = 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import torch

from simulate import checks
from simulate.mixture import Mixture
from simulate.path import Mixing, Schedule, point


def along_mean(mixture: Mixture) -> Mixture:
    """The law of y = mu.x/|mu|: a mixture in one dimension, its means at +-|mu|.

    The velocity, the score and the noise of an SDE along mu depend on x through y alone, so that the mode of a point
    obeys the equations of this mixture: the same in law at a cost that does not depend on d.
    """
    return replace(mixture, d=1, radius=mixture.radius * mixture.d**0.5)


@dataclass(frozen=True, eq=False)
class MixtureField:
    """Called with points x (S, d) and a time t, the velocity there (S, d), in the dtype and on the device of x.

    At the data end too, if the schedule's derivatives are finite there; else ValueError (that of the schedule).
    """

    mixture: Mixture
    schedule: Schedule

    def __post_init__(self) -> None:
        if not isinstance(self.mixture, Mixture):
            raise TypeError(f"mixture must be a Mixture, not {type(self.mixture).__name__}")

    def __call__(self, x: torch.Tensor, t: float, /) -> torch.Tensor:
        """(alpha dalpha + sigma^2 beta dbeta)/V x + alpha (alpha dbeta - beta dalpha)/V m mu."""
        values = self.schedule.at(t)
        alpha, beta, dalpha, dbeta = (
            float(each) for each in (values.alpha, values.beta, values.dalpha, values.dbeta)
        )
        noised = self._noised(values)
        linear = (alpha * dalpha + self.mixture.sigma**2 * beta * dbeta) / noised
        along = alpha * (alpha * dbeta - beta * dalpha) / noised
        return self._combined(x, linear, along, self._mode(x, beta / noised))

    def posterior(self, x: torch.Tensor, t: float) -> torch.Tensor:
        """E[mode | x_t = x], in [-1, 1], (S,)."""
        values = point(self.schedule, t)
        return self._mode(x, values.beta / self._noised(values))

    def denoiser(self, x: torch.Tensor, t: float) -> torch.Tensor:
        """E[x1 | x_t = x], (S, d); x itself at the data end."""
        values = point(self.schedule, t)
        noised = self._noised(values)
        skip = self.mixture.sigma**2 * values.beta / noised
        return self._combined(x, skip, values.alpha**2 / noised, self._mode(x, values.beta / noised))

    def score(self, x: torch.Tensor, t: float) -> torch.Tensor:
        """The gradient of `log_density`, (S, d)."""
        values = point(self.schedule, t)
        noised = self._noised(values)
        return self._combined(x, -1.0 / noised, values.beta / noised, self._mode(x, values.beta / noised))

    def log_density(self, x: torch.Tensor, t: float) -> torch.Tensor:
        """The logarithm of the density of x_t at x, (S,); differentiable."""
        values, d = point(self.schedule, t), self.mixture.d
        noised = self._noised(values)
        ratio = self._overlap(x) * (values.beta / noised)
        weights = torch.logaddexp(_log(self.mixture.p) + ratio, _log(1.0 - self.mixture.p) - ratio)
        shift = values.beta**2 * self.mixture.radius**2 * d
        return weights - (x.square().sum(dim=-1) + shift) / (2.0 * noised) - 0.5 * d * math.log(2.0 * math.pi * noised)

    def side(self, x: torch.Tensor) -> torch.Tensor:
        """Whether mu.x > 0, (S,): the class of a point at the data end."""
        return self._overlap(x) > 0

    def starts(self, mode: int, count: int, noise: torch.Tensor) -> torch.Tensor:
        """Points of one mode (+1 or -1): mode mu + sigma noise, from N(0, 1) numbers (count, d)."""
        checks.tensor("noise", noise, (count, self.mixture.d))
        return mode * self._mean.to(noise) + self.mixture.sigma * noise

    @cached_property
    def _mean(self) -> torch.Tensor:
        return self.mixture.mean()

    def _noised(self, values: Mixing) -> float:
        return float(values.alpha**2 + self.mixture.sigma**2 * values.beta**2)

    def _overlap(self, x: torch.Tensor) -> torch.Tensor:
        """mu.x, (S,)."""
        checks.tensor("x", x, (None, self.mixture.d))
        return x @ self._mean.to(x)

    def _mode(self, x: torch.Tensor, scale: float) -> torch.Tensor:
        """tanh(h + scale mu.x); h is infinite where there is one mode only."""
        half_odds = 0.5 * (_log(self.mixture.p) - _log(1.0 - self.mixture.p))
        return torch.tanh(half_odds + scale * self._overlap(x))

    def _combined(self, x: torch.Tensor, linear: float, along: float, mode: torch.Tensor) -> torch.Tensor:
        return linear * x + (along * mode)[:, None] * self._mean.to(x)


def _log(weight: float) -> float:
    return math.log(weight) if weight > 0 else -math.inf
