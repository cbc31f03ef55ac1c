"""First phase of time dilation, learned from finitely many samples: a minimisation in two variables.

At clock s, n_plus and n_minus samples of the two classes train f(x) = c x + u tanh(w.x/sqrt(d) + b) with
fresh noise at every step. As d -> infinity, w = omega (mean of class + minus mean of class -)/2, u is a
ridge regression, and (omega, b) minimise

    F = 1/2 {ridge_w r - [(n_plus f_plus - n_minus f_minus)^2 + sigma^2 (n_plus f_plus^2 + n_minus f_minus^2)]/D}

with v = 1 + sigma^2/(2 n) for each class, r = omega^2 (v_plus + v_minus)/2, D = ridge_u + n_plus D_plus +
n_minus D_minus, f = E tanh and D_plus, D_minus = E tanh^2 of a Gaussian of mean b +- s omega v, variance r.
F is per dimension, without the constant n(1 + sigma^2)/2. (u, w, b) -> -(u, w, b) changes nothing: omega >= 0.

The trivial branch, omega = 0 and |b| = infinity, has no class in it: tanh is 1 everywhere. It wins at small s
and loses at large s, and is never continuous with the other branch: the switch is a jump.
"""

from asymptotics.phases.first.averages import tanh_averages as tanh_averages
from asymptotics.phases.first.minimise import first_phase as first_phase, first_phase_mp as first_phase_mp
from asymptotics.phases.first.outcome import first_phase_skip as first_phase_skip
from asymptotics.phases.first.outcome import generated_fraction as generated_fraction, jump as jump
from asymptotics.phases.first.problem import FirstPhase as FirstPhase
