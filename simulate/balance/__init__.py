"""The experiment on the balance of modes: plans, studies, tables, and the reduced model."""

from simulate.balance.image_targets import (
    DIGITS as DIGITS,
    Blur as Blur,
    ImageTarget as ImageTarget,
    digit_target as digit_target,
    image_target as image_target,
)
from simulate.balance.plan import BASES as BASES, IMAGES as IMAGES, PLANE as PLANE, BalancePlan as BalancePlan
from simulate.balance.response import (
    balance_rate as balance_rate,
    expected_scatter as expected_scatter,
    scatter_scores as scatter_scores,
)
from simulate.balance.results import balance_dataset as balance_dataset
from simulate.balance.study import Make as Make, balance_study as balance_study, balance_tasks as balance_tasks
from simulate.balance.summary import (
    balance_table as balance_table,
    off_on_the_way as off_on_the_way,
    worst_on_the_way as worst_on_the_way,
)
from simulate.balance.two_modes import balance_curves as balance_curves
