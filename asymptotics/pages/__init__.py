"""Formulas as text for a terminal and as markup for web pages."""

from asymptotics.pages.markup import about as about, derivation_block as derivation_block
from asymptotics.pages.markup import facts as facts, formula_block as formula_block
from asymptotics.pages.markup import mathml as mathml, prose as prose, sentence as sentence
from asymptotics.pages.markup import steps as steps
from asymptotics.pages.terminal import formula_line as formula_line, formula_page as formula_page
