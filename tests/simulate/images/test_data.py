"""Images: files read as they were written, parts that share nothing, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.idx import write_idx
from hypothesis import given, settings, strategies as st

from simulate.images import Images, digits, idx_folder
from simulate.images.idx import read_idx

IMAGES = np.random.default_rng(1).integers(0, 256, (30, 5, 4)).astype(np.uint8)
LABELS = np.repeat(np.arange(3), 10).astype(np.uint8)


def _folder(place: Path, *, ending: str = "", dot: bool = False, tests: bool = True) -> Path:
    place.mkdir(exist_ok=True)
    mark = "." if dot else "-"
    for name, part in (("train", slice(0, 20)), ("t10k", slice(20, 30)))[: 1 + tests]:
        write_idx(place / f"{name}-images{mark}idx3-ubyte{ending}", IMAGES[part])
        write_idx(place / f"{name}-labels{mark}idx1-ubyte{ending}", LABELS[part])
    return place


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "i4", "f4", "f8"])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_idx_comes_back(dtype: str, ending: str, tmp_path: Path) -> None:
    array = (np.arange(24).reshape(2, 3, 4) - 5).astype(dtype)
    found = read_idx(write_idx(tmp_path / f"a{ending}", array), 3)
    assert found.dtype == array.dtype and np.array_equal(found, array)


def test_idx_is_the_format_of_mnist(tmp_path: Path) -> None:
    """Its bytes, written by hand: magic 00000801 and 00000803, sizes in four bytes each, big-endian."""
    (tmp_path / "a").write_bytes(bytes.fromhex("00000801 00000003 070102"))
    assert read_idx(tmp_path / "a").tolist() == [7, 1, 2]
    (tmp_path / "b").write_bytes(bytes.fromhex("00000803 00000001 00000002 00000003 000102030405"))
    assert read_idx(tmp_path / "b").tolist() == [[[0, 1, 2], [3, 4, 5]]]


@pytest.mark.parametrize(("ending", "dot", "tests"), [("", False, True), (".gz", True, True), (".gz", False, False)])
def test_a_folder_of_idx_files(ending: str, dot: bool, tests: bool, tmp_path: Path) -> None:
    found = idx_folder(_folder(tmp_path / "m", ending=ending, dot=dot, tests=tests))
    count = 30 if tests else 20
    assert found.size == (1, 5, 4) and len(found) == count
    np.testing.assert_allclose(found.pixels[:, 0].numpy(), IMAGES[:count] / 127.5 - 1, atol=1e-7)
    assert found.labels.tolist() == LABELS[:count].tolist()


def _cut(place: Path) -> None:
    path = place / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-3])


def _magic(place: Path) -> None:
    path = place / "train-images-idx3-ubyte"
    path.write_bytes(b"\0\0\7\3" + path.read_bytes()[4:])


def _swapped(place: Path) -> None:
    (place / "train-images-idx3-ubyte").write_bytes((place / "train-labels-idx1-ubyte").read_bytes())


def _sizes(place: Path) -> None:
    write_idx(place / "t10k-images-idx3-ubyte", IMAGES[20:30, :4])


def _lacking(place: Path) -> None:
    (place / "train-labels-idx1-ubyte").unlink()


def _fewer(place: Path) -> None:
    write_idx(place / "train-labels-idx1-ubyte", LABELS[:19])


def _floats(place: Path) -> None:
    write_idx(place / "train-images-idx3-ubyte", IMAGES[:20].astype(np.float32))


def _zipped(place: Path) -> None:
    path = place / "train-images-idx3-ubyte"
    write_idx(place / "a.gz", IMAGES[:20])
    path.write_bytes((place / "a.gz").read_bytes()[:-9])


def _empty(place: Path) -> None:
    for path in place.iterdir():
        path.unlink()


@pytest.mark.parametrize(("harm", "error", "words"), [
    (_cut, ValueError, r"train-images-idx3-ubyte has 413 bytes .* promises 416: it was cut or changed"),
    (_magic, ValueError, r"train-images-idx3-ubyte is not an IDX file: it begins with 00000703"),
    (_swapped, ValueError, r"train-images-idx3-ubyte holds an array of 1 dimensions, not 3"),
    (_sizes, ValueError, r"t10k-images-idx3-ubyte has images of \(4, 4\) pixels, those before \(5, 4\)"),
    (_lacking, FileNotFoundError, r"has no file train-labels-..., which goes with .*train-images"),
    (_fewer, ValueError, r"train-labels-idx1-ubyte has 19 labels for the 20 images"),
    (_floats, ValueError, r"train-images-idx3-ubyte holds 20 entries of float32; MNIST's are bytes"),
    (_zipped, ValueError, r"train-images-idx3-ubyte is a gzip file that was cut"),
    (_empty, FileNotFoundError, r"holds no IDX files: train-images-idx3-ubyte and"),
])
def test_bad_folders(harm: Any, error: type[Exception], words: str, tmp_path: Path) -> None:
    place = _folder(tmp_path / "m")
    harm(place)
    with pytest.raises(error, match=words):
        idx_folder(place)
    with pytest.raises(FileNotFoundError, match="is not a folder"):
        idx_folder(tmp_path / "nowhere")


def test_bundled_digits() -> None:
    found = digits()
    assert found.size == (1, 8, 8) and len(found) == 1797 and list(found.counts()) == list(range(10))
    assert float(found.pixels.min()) == -1 and float(found.pixels.max()) == 1
    assert float(found.pixels[0, 0, 0, 2]) == 5 / 8 - 1  # Its first row is 0 0 5 13 9 1 0 0.


def _keys(images: Images) -> list[float]:
    """Each image of `_numbered` by its number."""
    return images.pixels[:, 0, 0, 0].tolist()


def _numbered(counts: list[int]) -> Images:
    total = sum(counts)
    labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    return Images(pixels=(torch.arange(total, dtype=torch.float64) / total)[:, None, None, None], labels=labels)


@settings(deadline=None)
@given(
    counts=st.lists(st.integers(4, 40), min_size=1, max_size=4),
    shares=st.lists(st.floats(0.05, 1.0), min_size=1, max_size=4), seed=st.integers(0, 5),
)
def test_parts_share_nothing(counts: list[int], shares: list[float], seed: int) -> None:
    """Every class in proportion, to one image, in every part."""
    images, total = _numbered(counts), max(1.0, sum(shares))
    wanted = {str(k): share / total for k, share in enumerate(shares)}
    parts = images.parts(wanted, seed=seed)
    keys = [key for part in parts.values() for key in _keys(part)]
    assert len(set(keys)) == len(keys)
    for name, part in parts.items():
        for label, count in images.counts().items():
            own = part.counts()[label]
            assert own >= 1 and abs(own - wanted[name] * count) <= len(shares)
    again = images.parts(wanted, seed=seed)
    assert all(_keys(again[name]) == _keys(part) for name, part in parts.items())


def test_parts_are_drawn_anew_with_another_seed() -> None:
    images = _numbered([40, 40])
    one, two = (images.parts({"a": 0.5}, seed=seed)["a"] for seed in (1, 2))
    assert _keys(one) != _keys(two)


def test_weights_of_classes() -> None:
    found = _numbered([80, 40, 30]).weighted({0: 0.8, 2: 0.2}, seed=1)
    assert found.counts() == {0: 80, 2: 20} and len(set(_keys(found))) == 100
    assert _numbered([10, 100]).weighted({0: 1, 1: 4}, seed=1).counts() == {0: 10, 1: 40}


GOOD = _numbered([5, 5])


@pytest.mark.parametrize(("do", "error", "words"), [
    (lambda: GOOD.parts({}, seed=1), ValueError, "one or more, together at most 1"),
    (lambda: GOOD.parts({"a": 0.6, "b": 0.6}, seed=1), ValueError, "together at most 1"),
    (lambda: GOOD.parts({"a": 0.0}, seed=1), ValueError, r"shares\['a'\] = 0.0 must be > 0"),
    (lambda: _numbered([5, 1]).parts({"a": 0.5}, seed=1), ValueError, r"class 1 has 1 image\(s\)"),
    (lambda: GOOD.only(7), ValueError, "no image has the label 7; there are 0, 1"),
    (lambda: GOOD.weighted({0: 1.0, 7: 1.0}, seed=1), ValueError, "no image has the label 7"),
    (lambda: GOOD.weighted({0: 1.0, 1: 0.01}, seed=1), ValueError, r"leave 0 image\(s\) of class 1"),
    (lambda: Images.of([], []), ValueError, "pictures is empty"),
    (lambda: Images.of([np.full((4, 4), 0.7)], [1]), ValueError, "pictures reach 0.7, far below white = 255: give wh"),
    (lambda: Images.of([np.zeros((9, 8, 3))], [1]), ValueError, r"shape \(9, 8, 3\); channels come first: np.moveaxis"),
    (lambda: digits().weighted({}, seed=1), ValueError, "weights is empty"),
    (lambda: Images.of([np.zeros((2, 2)), np.zeros((2, 3))], [0, 1]), ValueError, r"pictures\[1\] has shape \(2, 3\)"),
    (lambda: Images.of([np.zeros(4)], [0]), ValueError, "must be"),
    (lambda: Images.of([np.full((2, 2), 300.0)], [0]), ValueError, r"pixels run from .* to 1.35"),
    (lambda: Images.of([np.full((2, 2), np.nan)], [0]), ValueError, "pixels"),
    (lambda: Images.of([np.zeros((2, 2))], [0.5]), TypeError, "labels of float64 must be integers"),
    (lambda: Images.of([np.zeros((2, 2))], [0, 1]), ValueError, "for 1 images"),
    (lambda: Images(pixels=torch.zeros(0, 1, 2, 2), labels=torch.zeros(0).long()), ValueError, "at least one image"),
    (lambda: write_idx("x", np.zeros(2, dtype=complex)), TypeError, "has no IDX form"),
])
def test_bad_input(do: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        do()


def test_they_move() -> None:
    found = GOOD.to(dtype=torch.float32)
    assert found.pixels.dtype == torch.float32 and found.counts() == GOOD.counts()
