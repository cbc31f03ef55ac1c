"""The experiment on real images: when is a feature decided, and what does training there buy?"""

from simulate.features.decided import FeatureInterval as FeatureInterval, interval as interval
from simulate.features.plan import TRAININGS as TRAININGS, StudyPlan as StudyPlan
from simulate.features.study import run_study as run_study
from simulate.features.trainings import (
    compare_trainings as compare_trainings,
    expected_gain as expected_gain,
    fitted_clocks as fitted_clocks,
    homogeneity as homogeneity,
    mean_interval as mean_interval,
    ratio_interval as ratio_interval,
    table as table,
)
