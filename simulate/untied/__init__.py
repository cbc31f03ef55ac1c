"""The untied network c x + u tanh(w.x/sqrt(d) + b) of arXiv:2412.07972: training and generation."""

from simulate.untied.data import ClassData as ClassData
from simulate.untied.generation import in_common as in_common, learned_velocity as learned_velocity
from simulate.untied.network import Parameters as Parameters, Untied as Untied, UntiedOverlaps as UntiedOverlaps
from simulate.untied.noise import Fresh as Fresh
from simulate.untied.problem import DirectProblem as DirectProblem
from simulate.untied.recipes import UntiedAdam as UntiedAdam, UntiedRecipe as UntiedRecipe
from simulate.untied.recipes import UntiedSGD as UntiedSGD, reducible as reducible
from simulate.untied.span import UntiedSpan as UntiedSpan
from simulate.untied.span_update import Drawn as Drawn, SpanProblem as SpanProblem
from simulate.untied.training import SpanTraining as SpanTraining, UntiedTraining as UntiedTraining
from simulate.untied.training import train as train, train_span as train_span
