"""The explorer: formulas as one HTML page that works without a network; read, move sliders, watch the curve, copy."""

from asymptotics.explorer.entry import TIME as TIME, Experiment as Experiment
from asymptotics.explorer.javascript import function as function, prints as prints
from asymptotics.explorer.page import explorer_page as explorer_page, write_explorer as write_explorer
