"""The stories: one script a result, told from statement to comparison; `python -m derivations` tells all."""
