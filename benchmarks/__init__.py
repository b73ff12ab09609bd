"""Measurements with a limit beside them; the README says how to run them and what they gave."""
