"""Ratios against named peers, side by side in one run: `python -m benchmarks NAME --json`. In the checkout only."""
