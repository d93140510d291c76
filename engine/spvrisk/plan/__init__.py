"""From a checked study to flat arrays: law tables, correlation, calendar, streams.

Deliberately imports nothing, so that the kernel can use `plan.arrays` and `plan.names` without the config's
dependencies.
"""
