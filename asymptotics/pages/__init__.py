"""Formulas as text for a terminal and as markup for web pages."""

from asymptotics.pages.markup import (
    conditions as conditions,
    formula_block as formula_block,
    mathml as mathml,
    prose as prose,
    sentence as sentence,
    steps as steps,
)
from asymptotics.pages.terminal import formula_line as formula_line, formula_page as formula_page
