"""The result file: the table of its variables, writing and reading it."""
