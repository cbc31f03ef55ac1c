"""The experiment on the balance of modes: plans, studies, tables, and the reduced model."""

from simulate.balance.image_targets import DIGITS as DIGITS, Blur as Blur
from simulate.balance.image_targets import ImageTarget as ImageTarget, digit_target as digit_target
from simulate.balance.image_targets import image_target as image_target
from simulate.balance.plan import BASES as BASES, IMAGES as IMAGES, PLANE as PLANE, BalancePlan as BalancePlan
from simulate.balance.response import expected_scatter as expected_scatter
from simulate.balance.response import response_rate as response_rate
from simulate.balance.response import scatter_scores as scatter_scores
from simulate.balance.results import dataset as dataset
from simulate.balance.study import Make as Make, balance_tasks as balance_tasks, run_study as run_study
from simulate.balance.summary import off_on_the_way as off_on_the_way, table as table
from simulate.balance.summary import worst_on_the_way as worst_on_the_way
from simulate.balance.two_modes import two_mode_curves as two_mode_curves
