"""For tests, ours and yours: arguments inside and outside a domain, comparisons, accuracy, mutants, chains of steps.

Needs hypothesis (`pip install flow-asymptotics[testing]`)::

    from hypothesis import given
    from asymptotics import limited_samples, testing

    @given(testing.arguments(limited_samples.mean_error))
    def test_error_is_positive(point):
        assert limited_samples.mean_error(**point) > 0

    testing.assert_matches(limited_samples.mean_error, my_simulation, [{"n": 8, "sigma": 1.5, "ridge": 0.1}],
                           rtol=1e-6)
"""

from asymptotics.extras import require_installed as _require_installed

_require_installed("asymptotics.testing needs", "hypothesis", extra="testing")

from asymptotics.testing.chains import unchained as unchained
from asymptotics.testing.comparison import assert_close as assert_close
from asymptotics.testing.comparison import assert_matches as assert_matches
from asymptotics.testing.comparison import assert_matches_on_average as assert_matches_on_average
from asymptotics.testing.mutation import Mutant as Mutant, mutants as mutants, rewrites as rewrites
from asymptotics.testing.precision import accuracy as accuracy, condition as condition, sensitivity as sensitivity
from asymptotics.testing.strategies import arguments as arguments, outside as outside
