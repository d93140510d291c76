"""Named functions from what is known (a result, a plan, a trace, a comparison, self-tests) to figures with titles."""
