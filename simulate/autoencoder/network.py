"""The denoiser that learns: f(x) = c x + w phi(w.x), phi odd and saturating (arXiv 2310.03575).

`phi` is sign as in the authors' code, or tanh(w.x / sqrt(d)), which has a gradient through its
argument.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch

from simulate import checks
from simulate.mixture import Samples
from simulate.path import Mixing, weights


def _sign(projection: torch.Tensor, d: int) -> torch.Tensor:
    return torch.sign(projection)


def _tanh(projection: torch.Tensor, d: int) -> torch.Tensor:
    return torch.tanh(projection / d**0.5)


ACTIVATIONS: Mapping[str, Callable[[torch.Tensor, int], torch.Tensor]] = {
    "sign": _sign, "tanh": _tanh,
}


def reconstruct(
    skip: torch.Tensor | float, weight: torch.Tensor, x: torch.Tensor, activation: str
) -> torch.Tensor:
    """c x + w phi(w.x) for x of shape (..., d); differentiable, unchecked: networks and trainers
    share it.

    torch.sign has derivative 0, so with "sign" no gradient reaches w through the pre-activation:
    labels are not learned by gradient descent but by w drifting towards the data.
    """
    code = ACTIVATIONS[activation](x @ weight, weight.shape[0])
    return skip * x + code[..., None] * weight


@dataclass(frozen=True, eq=False)
class Autoencoder:
    """A network: skip c (float or 0-d tensor; 0 for none), weight w (d,), activation "sign" or
    "tanh".
    """

    skip: float | torch.Tensor
    weight: torch.Tensor
    activation: str = "sign"

    def __post_init__(self) -> None:
        checks.tensor("weight", self.weight, (None,))
        if isinstance(self.skip, torch.Tensor):
            checks.tensor("skip", self.skip, ())
            checks.same_kind(self.weight, skip=self.skip)
        else:
            object.__setattr__(self, "skip", checks.real("skip", self.skip))
        checks.choice("activation", self.activation, ACTIVATIONS)

    @property
    def d(self) -> int:
        return self.weight.shape[0]

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """f(x) for x of shape (..., d), of the weight's dtype and device."""
        return reconstruct(self.skip, self.weight, self._checked(x), self.activation)

    def preactivation(self, x: torch.Tensor) -> torch.Tensor:
        """w.x, the pre-activation, for x of shape (..., d)."""
        return self._checked(x) @ self.weight

    def branch(self, x: torch.Tensor, side: torch.Tensor | float) -> torch.Tensor:
        """c x + side w: the affine map that f is where sign(w.x) = side. For sign networks only."""
        if self.activation != "sign":
            raise ValueError(
                f"activation = {self.activation!r} is not affine on either side; use a sign "
                "network (dataclasses.replace(network, activation='sign') has the same limit "
                "d -> infinity)"
            )
        offset = torch.as_tensor(side, dtype=self.weight.dtype, device=self.weight.device)
        return self.skip * self._checked(x) + offset[..., None] * self.weight

    def oriented(self, samples: Samples, values: Mixing) -> Autoencoder:
        """The same function with w.((1 - c beta) x1bar - c alpha x0bar) >= 0: w and -w are one network, this picks one.

        x1bar, x0bar are the means of s x1 and s x0 over the pairs, alpha and beta the ``values`` it was trained at:
        given c and the true labels, the weight of least risk is a positive multiple of that combination. (w.x1bar
        alone decides at the noise end; at the data end what is left of the noise is taken off, and its sign is chance.)
        """
        self._checked(samples.sample_mean)
        alpha, beta = weights(values)
        reference = (1.0 - self.skip * beta) * samples.sample_mean - (self.skip * alpha / samples.pairs) * samples.xi
        flip = bool(self.weight @ reference < 0)
        return replace(self, weight=-self.weight) if flip else self

    def _checked(self, x: torch.Tensor) -> torch.Tensor:
        if not isinstance(x, torch.Tensor):
            raise TypeError(f"x must be a torch tensor, not {type(x).__name__}")
        checks.same_kind(self.weight, x=x)
        if x.dim() < 1 or x.shape[-1] != self.d:
            raise ValueError(f"x has shape {tuple(x.shape)}; it must end with d = {self.d}")
        return x


class Overlaps(NamedTuple):
    """What an experiment measures of a network: c and three projections of w."""

    skip: float
    overlap_mean: float
    overlap_noise: float
    overlap_sample: float


def overlaps(network: Autoencoder, samples: Samples, values: Mixing) -> Overlaps:
    """c, w.mu / (r^2 d), w.xi / (n draws d), w.eta / (n sigma^2 d), after orienting w (`Autoencoder.oriented`).

    These are projections. The coefficients of w in span{mu, xi, eta} have the same limit d ->
    infinity and other, smaller fluctuations.
    """
    weight = network.oriented(samples, values).weight
    return Overlaps(float(network.skip), *project(weight, samples))


def project(direction: torch.Tensor, samples: Samples) -> tuple[float, float, float]:
    """v.mu / (r^2 d), v.xi / (n draws d), v.eta / (n sigma^2 d) of a vector v (d,)."""
    mixture = samples.mixture
    return (
        float(direction @ samples.mean) / (mixture.radius**2 * mixture.d),
        float(direction @ samples.xi) / (samples.pairs * mixture.d),
        float(direction @ samples.eta) / (samples.n * mixture.sigma**2 * mixture.d),
    )


def labels_match(network: Autoencoder, samples: Samples, values: Mixing) -> bool:
    """Does the oriented network give every pair its true label, sign(w.x_t) = s?

    A network with w = 0 uses no labels and matches (it copies, as at alpha = 0).
    """
    aim = network.oriented(samples, values)
    if not bool(aim.weight.any()):
        return True
    return bool((torch.sign(aim.preactivation(samples.mixed(values))) == samples.pair_labels).all())
