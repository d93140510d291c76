"""The mergeable state of a run, arrays only: moments, timeline sums, stored values."""
