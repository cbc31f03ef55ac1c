"""Curves of formulas, and measurements beside them, with matplotlib in the project's style (extra `notebook`).

The functions draw into axes and return them: ``ax=None`` makes a new figure in the style, which a notebook then shows.
The style by itself: ``matplotlib.pyplot.style.use(asymptotics.plotting.STYLE)``.
"""

from asymptotics.figures import STYLE as STYLE, colours as colours
from asymptotics.formula.plots import BAND as BAND, Curve as Curve, Curves as Curves, curves as curves
from asymptotics.formula.plots import half_band as half_band, plot as plot
from asymptotics.plotting.book_curves import save_curves as save_curves, typical_curves as typical_curves
from asymptotics.plotting.comparison import plot_comparison as plot_comparison
