"""The gradient of the untied network's risk with its mean over all noises: what infinitely many fresh ones give.

The noise enters tanh through one normal variable for each sample, w.x/sqrt(d) + b ~ N(a, r) with
a = beta w.x1/sqrt(d) + b and r = alpha^2 |w|^2/d; by Stein's lemma E[x0 tanh] = alpha w/sqrt(d) E[tanh']. So the risk

    1/2 sum [(1 - c beta)^2 |x1|^2 + c^2 alpha^2 d] - (1 - c beta) u.x1 E[tanh] + c alpha^2 (w.u/sqrt(d)) E[tanh']
    + 1/2 |u|^2 E[tanh^2]

is made of inner products and one-dimensional means. Every inner product can be taken in any orthonormal basis of
what holds the data, u and w.
"""

from __future__ import annotations

import torch

from asymptotics.phases.first import tanh_averages


def mean_gradient(
    net: tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor], data: torch.Tensor, alpha: torch.Tensor,
    beta: torch.Tensor, d: int,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """In c, b (seeds, times), u, w (seeds, times, k), summed over the samples ``data`` (seeds, n, k); alpha and beta
    (times,). k may be less than the dimension ``d`` of the noises. Exact to about 1e-13 (4e-7 in float32)."""
    c, b, u, w = net
    along_u, along_w = u @ data.mT, w @ data.mT  # (seeds, times, n)
    root = d**0.5
    variance = (alpha**2 * w.square().sum(dim=-1) / d)[..., None]
    tanh, first, second, third, _, _, square = _averages(beta[:, None] * along_w / root + b[..., None], variance)
    overlap = (u * w).sum(dim=-1) / root
    turned, size = (c * alpha**2 * overlap)[..., None], u.square().sum(dim=-1)[..., None]
    kept = (1.0 - c * beta)[..., None] * along_u
    # Slopes in the mean and in the variance of the argument; E[tanh^2] = 1 - E[tanh'], d/dr = half of d^2/da^2.
    in_mean = (turned - size / 2) * second - kept * first
    in_variance = ((turned - size / 2) * third - kept * second) / 2
    slopes, lengths = first.sum(dim=-1), data.square().sum(dim=(1, 2))[:, None]
    on_c = (c * beta - 1.0) * beta * lengths + c * alpha**2 * d * data.shape[1]
    on_c = on_c + beta * (along_u * tanh).sum(dim=-1) + alpha**2 * overlap * slopes
    both = torch.stack([(c * beta - 1.0)[..., None] * tanh, (beta / root)[:, None] * in_mean], dim=2)
    of_u, of_w = (both.flatten(1, 2) @ data).reshape(*both.shape[:3], -1).unbind(dim=2)
    cross = (c * alpha**2 * slopes / root)[..., None]
    on_u = of_u + cross * w + square.sum(dim=-1, keepdim=True) * u
    on_w = of_w + cross * u + (2.0 * alpha**2 * in_variance.sum(dim=-1) / d)[..., None] * w
    return on_c, in_mean.sum(dim=-1), on_u, on_w


def _averages(mean: torch.Tensor, variance: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """E tanh^(k), k = 0 .. 5, and E tanh^2 of normal variables."""
    a, r = (each.double().numpy(force=True).ravel() for each in (mean, variance.expand_as(mean)))
    return torch.from_numpy(tanh_averages(a, r)).to(mean).reshape(7, *mean.shape).unbind()
