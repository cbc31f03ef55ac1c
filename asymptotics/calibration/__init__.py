"""Statistical comparison of measured numbers with expected ones, calibrated on both sides.

A randomised test can fail by chance, and it can pass because it could not have seen an error. Every
verdict here therefore states two numbers: the rate of false failures it was given, split over all
the comparisons made (Bonferroni), and the minimum detectable discrepancy (MDD), the smallest true
difference that the comparison would have flagged with probability ``power``. The habit follows
TensorFlow Probability's `statistical_testing`; the quantiles here are Student's.

What is assumed: the runs are independent and their mean is near enough to normal for a Student
quantile. For heavy-tailed runs (kurtosis well above 3, few runs, false-failure rates like 1e-9) the
true rate of false failures is larger than stated: take more runs, or compare laws with
`compare_laws`, whose bound needs no assumption about the law.
"""

from asymptotics.calibration.agreement import assert_agrees as assert_agrees
from asymptotics.calibration.laws import LawVerdict as LawVerdict, compare_laws as compare_laws
from asymptotics.calibration.means import Verdict as Verdict, compare_mean as compare_mean
from asymptotics.calibration.means import compare_two_samples as compare_two_samples, judge as judge
from asymptotics.calibration.quantiles import FALSE_FAILURE as FALSE_FAILURE, POWER as POWER
from asymptotics.calibration.quantiles import ROUNDING as ROUNDING, quantile as quantile
from asymptotics.calibration.scaling import Slope as Slope, slope as slope
