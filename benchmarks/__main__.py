"""`python -m benchmarks NAME [--json]`: exit 0 when every bar holds, 1 when one does not, 2 on bad input.

The long one, balance, takes `--seeds`, and goes on after an interruption with `--store DIR --resume`.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"  # one thread on both sides, set before numpy and torch start theirs

import json  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402


def main() -> int:
    import torch

    from asymptotics.command_line import Parser
    from benchmarks.balance_case import SEEDS, balance
    from benchmarks.cases import CASES
    from simulate.runs import Store

    parser = Parser(prog="python -m benchmarks", description="Ratios against named peers.")
    parser.add_argument("name", choices=(*CASES, "balance"))
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--seeds", type=int, help="balance: how many (4)")
    parser.add_argument("--store", type=Path, metavar="DIR", help="balance: keep what is finished here")
    parser.add_argument("--resume", action="store_true", help="balance: go on with what the store holds")
    arguments = parser.parse_args()
    if arguments.name != "balance" and (arguments.seeds is not None or arguments.store is not None):
        parser.error("--seeds and --store go with balance")
    if arguments.resume and arguments.store is None:
        parser.error("--resume goes with --store DIR")
    torch.set_num_threads(1)
    if arguments.name != "balance":
        results = CASES[arguments.name]()
    else:
        kept = None if arguments.store is None else Store(arguments.store, resume=arguments.resume, chunk=1)
        try:
            results = balance(seeds=SEEDS if arguments.seeds is None else arguments.seeds, store=kept)
        except (ValueError, OSError) as problem:
            print(f"benchmarks: {problem}", file=sys.stderr)
            return 2
    for result in results:
        print(json.dumps(result.record()) if arguments.json else result)
    return 0 if all(result.holds for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
