"""The command line: one file for each group of commands."""

from simulate.commands import (
    balance as balance,
    execution as execution,
    sweep as sweep,
    uturn as uturn,
    weights as weights,
)
