"""The compiled engine: lanes of paths over one flat workspace.

How lane code is written here (``docs/decisions/0005-kernel-form.md`` and ``0016-contexts-rows-draws.md``):

* ``w`` is one flat float64 workspace. Its rows hold ``LANES`` paths each; fixed rows have named offsets
  (``from spvrisk.kernel import rows as R``), rows per step or factor an offset worked out from the regions of
  `kernel.workspace`. ``w[R.CARRY + l]`` is the carry on lane ``l``. A row has one owner, who alone writes it.
* Lane counts, offsets and loop variables are unsigned 64-bit: signed indices carry a wraparound test that stops
  vectorisation. Never mix them with signed integers (numba would make a float of the sum).
* A clause of the agreement is one small function over all lanes, of rows and scalars. Scalars of the plan are read
  before the loop. What orders clauses takes a context (`kernel.world`): a block of lanes, a path's world, a site.
* A draw is asked of `kernel.draws`, by stream and number; nothing else knows a generator.
* Branches inside lane loops are selects; nothing raises; no library function is called.

Stages, each a file: clock (`regimes`, `events`, `selection`), `factors`, `construction`, `operation`, `debt`, `split`,
`pool`, `stack`, `booking`, `results`; `path` has their order, `run` the entry.

Only `kernel.run` is meant to be imported from outside; it sees to the cache of compiled code first.
"""
