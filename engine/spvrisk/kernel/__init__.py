"""The compiled engine: lanes of paths over one flat workspace.

How lane code is written here (``docs/decisions/0021-lanes-as-values.md`` and ``0016-contexts-rows-draws.md``):

* ``w`` is one flat float64 workspace. Its rows hold ``LANES`` paths each; fixed rows have named offsets
  (``from spvrisk.kernel import rows as R``), rows per step or factor an offset worked out from the regions of
  `kernel.workspace`. ``w[R.CARRY + l]`` is the carry on lane ``l``. A row has one owner, who alone writes it.
* A clause of the agreement is one small function of values, of ``WIDE`` lanes each (`kernel.simd`), and returns values.
  It knows no row.
* A stage is one loop over a block's lanes, ``for l in range(U(0), L, U(WIDE))``: it loads rows, calls clauses, stores
  what has changed. It takes a context (`kernel.world`): a block of lanes, a path's world, a site.
* Lane counts, offsets and loop variables are unsigned 64-bit. Never mix them with signed integers, whose sums numba
  has typed in more than one way.
* A draw is asked of `kernel.draws`, by stream and number; nothing else knows a generator.
* What differs by lane is selected (`where`), what holds for all alike is an ``if``; nothing raises; no library function
  is called.

Stages, each a file: clock (`regimes`, `events`, `selection`), `factors`, `construction`, `operation`, `debt`, `split`,
`pool`, `stack`, `booking`, `results`; `path` has their order, `run` the entry.

Only `kernel.run` is meant to be imported from outside; it sees to the cache of compiled code first.
"""
