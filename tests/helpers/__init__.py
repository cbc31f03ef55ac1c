"""What several tests use: functions to sweep, pages as programs, a browser, formulas by kind."""
