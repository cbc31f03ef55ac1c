"""Formulas as files: a folder with LaTeX, JSON and a book that TeX sets."""

from asymptotics.export.folder import BOOK as BOOK, TypesettingFailed as TypesettingFailed
from asymptotics.export.folder import export as export, typeset as typeset
from asymptotics.export.folder import without_tex as without_tex
