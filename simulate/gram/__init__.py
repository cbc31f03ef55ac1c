"""Everything through the Gram matrix: exact laws of networks, flows and descents at any dimension."""

from simulate.gram.descent import Descent as Descent, descend as descend, equivariant as equivariant
from simulate.gram.generation import Points as Points, Starts as Starts, draw_starts as draw_starts
from simulate.gram.generation import generate as generate
from simulate.gram.labels import Pairs as Pairs, draw_with_pairs as draw_with_pairs, label_flips as label_flips
from simulate.gram.networks import denoisers as denoisers, flows as flows, generated as generated
from simulate.gram.span import Span as Span, draw_span as draw_span
from simulate.gram.sufficient import GramStatistics as GramStatistics, draw as draw
from simulate.gram.wishart import cholesky_factor as cholesky_factor
