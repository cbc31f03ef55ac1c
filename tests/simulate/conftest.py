"""Shared by the tests of simulate: one thread, and data in which the limit d -> infinity is exact."""

from collections.abc import Callable, Iterator

import pytest
import torch

from simulate import Samples
from simulate.runs import one_thread
from simulate.seeds import normal

Orthogonal = Callable[..., Samples]


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="session")
def orthogonal() -> Orthogonal:
    """Samples whose mu, z and x0 are exactly orthogonal, |mu|^2 = r^2 d, |z|^2 = sigma^2 d, |x0|^2 = d."""

    def make(
        *, n: int, draws: int = 1, sigma: float = 1.5, radius: float = 1.0, extra: int = 1, seed: int = 0
    ) -> Samples:
        d = 1 + n + n * draws + extra
        basis = torch.linalg.qr(normal(seed, (d, d)))[0].T * d**0.5
        labels = torch.tensor([1.0 if m % 3 else -1.0 for m in range(n)], dtype=torch.float64)
        mean = radius * basis[0]
        return Samples.from_arrays(
            mean=mean, labels=labels, sigma=sigma,
            data=labels[:, None] * mean + sigma * basis[1 : n + 1],
            noise=basis[n + 1 : n + 1 + n * draws].reshape(n, draws, d),
        )

    return make
