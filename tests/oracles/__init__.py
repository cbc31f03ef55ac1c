"""Independent laws: what formulas are held against. They import nothing that they check."""
