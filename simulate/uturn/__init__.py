"""U-turns: noise a point up to some time, generate from there, and see in which mode it ends."""

from simulate.uturn.exact import COPIES as COPIES, exact_curves as exact_curves, require_points as require_points
from simulate.uturn.returns import Classifier as Classifier, Uturn as Uturn, classes as classes
from simulate.uturn.returns import fraction as fraction, pieces as pieces
from simulate.uturn.returns import return_curves as return_curves
