"""Energy-based models: targets, models, recipes and their training."""

from simulate.energy.model import EnergyModel as EnergyModel, network as network
from simulate.energy.recipes import NEGATIVES as NEGATIVES, PCD as PCD, EnergyRecipe as EnergyRecipe
from simulate.energy.recipes import Negatives as Negatives
from simulate.energy.targets import Checkerboard as Checkerboard, Known as Known, Moons as Moons
from simulate.energy.targets import Rings as Rings, Target as Target, many_modes as many_modes
from simulate.energy.targets import ring_of_modes as ring_of_modes, two_modes as two_modes
from simulate.energy.training import EnergyTrained as EnergyTrained, kernel_of as kernel_of, train as train
