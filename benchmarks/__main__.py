"""`python -m benchmarks NAME [--json]`: exit 0 when every bar holds, 1 when one does not, 2 on bad input."""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"  # one thread on both sides, set before numpy and torch start theirs

import argparse  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402


def main() -> int:
    import torch

    from benchmarks.cases import CASES

    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Ratios against named peers.")
    parser.add_argument("name", choices=CASES)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    results = CASES[arguments.name]()
    for result in results:
        print(json.dumps(result.record()) if arguments.json else result)
    return 0 if all(result.holds for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
