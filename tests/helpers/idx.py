"""Files in the IDX format of MNIST, written for tests."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulate.images.idx import _KINDS


def write_idx(path: str | Path, array: NDArray[Any]) -> Path:
    """Write an array of one of the kinds of numbers that IDX has; gzipped if the name ends in .gz."""
    values = np.asarray(array)
    codes = {np.dtype(kind).newbyteorder("="): code for code, kind in _KINDS.items()}
    if values.dtype not in codes or not 1 <= values.ndim <= 255:
        raise TypeError(f"array of {values.dtype} with {values.ndim} dimensions has no IDX form; use uint8 or float32")
    code = codes[values.dtype]
    head = bytes([0, 0, code, values.ndim]) + np.array(values.shape, dtype=">u4").tobytes()
    content = head + values.astype(_KINDS[code]).tobytes()
    target = Path(path)
    target.write_bytes(gzip.compress(content, mtime=0) if target.suffix == ".gz" else content)
    return target
