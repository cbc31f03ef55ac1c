"""Schedules of interpolants x_t = alpha(t) x0 + beta(t) x1: the named ones, one's own, and their dilations."""

from asymptotics.schedule.dilation import Dilation as Dilation
from asymptotics.schedule.interpolant import Interpolant as Interpolant, Values as Values
from asymptotics.schedule.monotone import first_fall as first_fall, scattered as scattered
from asymptotics.schedule.named import NAMED as NAMED, by_name as by_name, linear as linear
from asymptotics.schedule.named import ornstein_uhlenbeck as ornstein_uhlenbeck
from asymptotics.schedule.named import square_root as square_root, trigonometric as trigonometric
from asymptotics.schedule.named import variance_exploding as variance_exploding
from asymptotics.schedule.named import variance_preserving as variance_preserving
