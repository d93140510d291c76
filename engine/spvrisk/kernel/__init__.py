"""The compiled engine: lanes of paths over one flat workspace.

How lane code is written here (``docs/decisions/0005-kernel-form.md`` has the figures):

* ``w`` is one flat float64 workspace. Its rows hold ``LANES`` paths each; fixed rows have named offsets
  (`kernel.rows`), rows per step
  or factor an offset worked out from them. ``w[ROW + l]`` is the value of lane ``l``.
* Lane counts, offsets and loop variables are unsigned 64-bit: signed indices carry a wraparound test that stops
  vectorisation. Never mix
  them with signed integers (numba would make a float of the sum).
* A clause of the agreement is one small function over all lanes. Scalars of the plan are read before the loop.
* Branches inside lane loops are selects; nothing raises; no library function is called.

Only `kernel.run` is meant to be imported from outside; it sees to the cache of compiled code first.
"""
