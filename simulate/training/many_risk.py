"""The risk of many networks c x + w phi(w.x) at once and its gradient, handwritten in inner products.

Vectors may live in d dimensions or in any orthonormal basis of what holds data and weights: m coordinates.
`simulate.training.train` has its gradient from autograd: the two are twins on purpose, and tests compare them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch

from simulate.autoencoder import ACTIVATIONS


class Networks(NamedTuple):
    """c (networks,) and w (networks, m)."""

    skip: torch.Tensor
    weight: torch.Tensor


@dataclass(frozen=True, eq=False)
class Pairs:
    """x_t and its target, (networks, pairs, m), and their inner products, (networks, pairs); ``scale`` of a batch."""

    x: torch.Tensor
    y: torch.Tensor
    xx: torch.Tensor
    xy: torch.Tensor
    yy: torch.Tensor
    scale: float = 1.0

    @classmethod
    def of(cls, x: torch.Tensor, y: torch.Tensor) -> Pairs:
        return cls(x, y, (x * x).sum(dim=-1), (x * y).sum(dim=-1), (y * y).sum(dim=-1))

    def part(self, chosen: torch.Tensor) -> Pairs:
        """Other pairs for every network; chosen (networks, size)."""
        row = torch.arange(len(chosen), device=chosen.device)[:, None]
        x, y, xx, xy, yy = (each[row, chosen] for each in (self.x, self.y, self.xx, self.xy, self.yy))
        return Pairs(x, y, xx, xy, yy, scale=self.xx.shape[1] / chosen.shape[1])

    def take(self, rows: torch.Tensor) -> Pairs:
        """Some of the networks."""
        x, y, xx, xy, yy = (each[rows] for each in (self.x, self.y, self.xx, self.xy, self.yy))
        return Pairs(x, y, xx, xy, yy, scale=self.scale)


@dataclass(frozen=True, eq=False)
class Risk:
    """1/2 sum |f(x) - y|^2 + ridge/2 |w|^2 of every network; ``d`` is the dimension meant, ``ridge`` () or (networks,).
    """

    pairs: Pairs
    d: int
    ridge: torch.Tensor
    activation: str
    with_skip: bool

    def codes(self, projection: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """phi(w.x) and its derivative in w.x."""
        code = ACTIVATIONS[self.activation](projection, self.d)
        if self.activation == "sign":
            return code, torch.zeros_like(code)
        return code, (1.0 - code.square()) / float(self.d) ** 0.5

    def gradient(self, pairs: Pairs, state: Networks) -> Networks:
        """On ``pairs``, all or some; 0 in c without skip."""
        c, w = state.skip[:, None], state.weight
        wx = along(pairs.x, w)
        code, slope = self.codes(wx)
        onto_x = c * code
        if self.activation != "sign":
            square = w.square().sum(dim=1, keepdim=True)
            onto_x = onto_x + slope * (c * wx + code * square - along(pairs.y, w))
        on_w = combine(onto_x, pairs.x) - combine(code, pairs.y)
        on_w = pairs.scale * (on_w + code.square().sum(dim=1, keepdim=True) * w) + self.ridge[..., None] * w
        if not self.with_skip:
            return Networks(torch.zeros_like(state.skip), on_w)
        return Networks(pairs.scale * (c * pairs.xx + code * wx - pairs.xy).sum(dim=1), on_w)

    def per_size(self, state: Networks) -> torch.Tensor:
        """(networks,), per pair and dimension, from inner products: good to eps |y|^2, not to eps of itself."""
        c, w, p = state.skip[:, None], state.weight, self.pairs
        wx, wy = (along(each, w) for each in (p.x, p.y))
        code, _ = self.codes(wx)
        square = w.square().sum(dim=1)
        terms = c**2 * p.xx + code.square() * square[:, None] + p.yy + 2.0 * (c * code * wx - c * p.xy - code * wy)
        return 0.5 * (terms.sum(dim=1) + self.ridge * square) / (p.xx.shape[1] * self.d)

    def exact(self, state: Networks) -> torch.Tensor:
        """(networks,): the risk itself, from the errors, where nothing cancels."""
        c, w, p = state.skip[:, None, None], state.weight[:, None], self.pairs
        code, _ = self.codes(along(p.x, state.weight))
        error = torch.addcmul(torch.addcmul(-p.y, p.x, c), w, code[..., None])
        return 0.5 * (error.square().sum(dim=(1, 2)) + self.ridge * state.weight.square().sum(dim=1))

    def slope(self, gradient: Networks) -> torch.Tensor:
        """(networks,): the squared norm of a gradient in (sqrt(d) c, w)."""
        return gradient.weight.square().sum(dim=1) + gradient.skip.square() / float(self.d)

    def take(self, rows: torch.Tensor) -> Risk:
        """Some of the networks."""
        return replace(self, pairs=self.pairs.take(rows), ridge=self.ridge.expand(len(self.pairs.xx))[rows])


def along(vectors: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    """Inner products (networks, pairs) of vectors (networks, pairs, m) with w (networks, m)."""
    return (vectors @ w[..., None])[..., 0]


def combine(coefficients: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
    """Linear combinations (networks, m) of vectors (networks, pairs, m)."""
    return (coefficients[:, None] @ vectors)[:, 0]
