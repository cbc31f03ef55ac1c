"""The experiment on real images: when is a feature decided, and what does training there buy?"""

from simulate.features.decided import FeatureInterval as FeatureInterval, interval as interval
from simulate.features.plan import TRAININGS as TRAININGS, StudyPlan as StudyPlan
from simulate.features.study import run_study as run_study
from simulate.features.trainings import compare_trainings as compare_trainings
from simulate.features.trainings import expected_gain as expected_gain
from simulate.features.trainings import fitted_clocks as fitted_clocks, homogeneity as homogeneity
from simulate.features.trainings import mean_interval as mean_interval
from simulate.features.trainings import ratio_interval as ratio_interval, table as table
