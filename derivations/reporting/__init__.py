"""How stories are told: their events, the efforts they may take, figures, pages and the report."""

from derivations.reporting import figures as figures
from derivations.reporting.dispatch import run_experiments as run_experiments
from derivations.reporting.effort import FULL as FULL, QUICK as QUICK, Effort as Effort
from derivations.reporting.events import Checked as Checked, Event as Event
from derivations.reporting.report import begin_figures as begin_figures, write as write
from derivations.reporting.single_story import alone as alone
from derivations.reporting.teller import Story as Story, Teller as Teller
