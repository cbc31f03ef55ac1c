"""The untied network c x + u tanh(w.x/sqrt(d) + b) of arXiv:2412.07972: training and generation."""

from simulate.untied.data import ClassData as ClassData
from simulate.untied.generation import in_common as in_common, learned_velocity as learned_velocity
from simulate.untied.network import Parameters as Parameters, Untied as Untied, UntiedOverlaps as UntiedOverlaps
from simulate.untied.noise import Fresh as Fresh
from simulate.untied.problem import Problem as Problem, penalty as penalty
from simulate.untied.recipes import UntiedAdam as UntiedAdam, UntiedRecipe as UntiedRecipe, UntiedSGD as UntiedSGD
from simulate.untied.span import UntiedSpan as UntiedSpan
from simulate.untied.span_training import SpanTraining as SpanTraining, reducible as reducible, train_span as train_span
from simulate.untied.span_update import Drawn as Drawn, Reduced as Reduced, State as State
from simulate.untied.training import UntiedTraining as UntiedTraining, train as train
