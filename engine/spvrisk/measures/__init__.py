"""Formulas on the state of a run and on stored values: statistics, risk measures, their errors."""
