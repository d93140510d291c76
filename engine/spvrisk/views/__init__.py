"""Named functions from what is known to figures with titles.

It may be a result, a plan, a trace, a comparison, self-tests or a benchmark.
"""
