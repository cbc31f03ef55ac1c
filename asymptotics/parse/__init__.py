"""Reading what users write: expressions and inequalities, from their syntax trees. No text is ever evaluated.

A text may hold numbers (exactly the fractions that they spell), names, ``+ - * / **``, the functions of `FUNCTIONS` and
Piecewise in sympy's form; everything else is refused. Sizes are bounded before anything is computed: the text itself,
its depth, its exponents, the terms that it would have if it were multiplied out, and after each operation the digits of
its numbers.
"""

from asymptotics.parse.expressions import read as read
from asymptotics.parse.syntax import CONSTANTS as CONSTANTS, FUNCTIONS as FUNCTIONS
from asymptotics.parse.syntax import LARGEST_EXPONENT as LARGEST_EXPONENT, LONGEST_TEXT as LONGEST_TEXT
from asymptotics.parse.text import Comparison as Comparison, Text as Text
