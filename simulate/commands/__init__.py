"""The command line: one file for each group of commands."""

from simulate.commands import balance as balance, curves as curves, sweep as sweep, uturn as uturn, weights as weights
