"""Arrays in the IDX format of MNIST: four bytes of magic, sizes, then the numbers, all big-endian; plain or gzipped."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_KINDS = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: str | Path, dimensions: int | None = None) -> NDArray[Any]:
    """The array in a file; FileNotFoundError, or ValueError naming the file if it is not a whole IDX file (of that many
    dimensions)."""
    source = Path(path)
    content = source.read_bytes()
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as problem:
            raise ValueError(f"{source} is a gzip file that was cut or changed ({problem}): fetch it again") from None
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in _KINDS or content[3] == 0:
        raise ValueError(
            f"{source} is not an IDX file: it begins with {content[:4].hex() or 'nothing'}, where 0000, a type (08 for "
            "bytes) and a number of dimensions are expected"
        )
    kind, count = np.dtype(_KINDS[content[2]]), content[3]
    if dimensions is not None and count != dimensions:
        raise ValueError(f"{source} holds an array of {count} dimensions, not {dimensions}: is it another file?")
    start = 4 + 4 * count
    sizes = np.frombuffer(content[4:start], dtype=">u4").tolist() if len(content) >= start else []
    wanted = start + kind.itemsize * int(np.prod(sizes, dtype=object)) if sizes else start
    if len(content) != wanted:
        raise ValueError(
            f"{source} has {len(content)} bytes (unpacked) where its head promises {wanted}: it was cut or changed, "
            "fetch it again"
        )
    return np.frombuffer(content, dtype=kind, offset=start).reshape(sizes).astype(kind.newbyteorder("="))
