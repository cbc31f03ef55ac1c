"""From expressions to numbers: source code printed from them, compiled for numpy, mpmath and torch."""

from asymptotics.numeric.backends import BACKENDS as BACKENDS
from asymptotics.numeric.bisection import bisect as bisect, geometric_middle as geometric_middle, middle as middle
from asymptotics.numeric.compiler import compile_expressions as compile_expressions
from asymptotics.numeric.python_source import SourcePrinter as SourcePrinter, ready as ready, source as source
