"""The kernel of proofs: what is decided here holds at every point of a region.

It imports nothing else of the project, and loads z3 and flint when the first decision is made.
"""

from asymptotics.proof.decision import Decision as Decision, Refuted as Refuted, decide as decide
from asymptotics.proof.nodes import Defined as Defined, Mean as Mean, Opaque as Opaque
from asymptotics.proof.points import points_of as points_of
from asymptotics.proof.region import Condition as Condition, Region as Region, Sign as Sign
from asymptotics.proof.region import Undecided as Undecided
