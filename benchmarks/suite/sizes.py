"""How much the benchmarks do: the test that runs them all once makes it next to nothing."""

from types import SimpleNamespace

SIZE = SimpleNamespace(
    paths=100_000,  # of results that are summed up, written and opened, and of the run whose memory is taken
    kernel_paths=8192,  # of a timing of the kernel
    command_paths=1000,  # of a run by the command
    rounds=5,  # of stages in turn
    cold=True,  # whether compile time is taken with no machine code kept
)
