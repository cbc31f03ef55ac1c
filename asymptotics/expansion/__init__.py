"""Expansions: truncated Laurent series, limits by continuity, and what they need of the other arguments."""

from asymptotics.expansion.conditions import Conditions as Conditions
from asymptotics.expansion.continuity import has_root as has_root, limit as limit
from asymptotics.expansion.expander import Expander as Expander
from asymptotics.expansion.laurent import Fractional as Fractional, Laurent as Laurent
from asymptotics.expansion.laurent import Truncated as Truncated, tidy as tidy
