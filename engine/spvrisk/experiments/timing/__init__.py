"""How long a study takes on the machine at hand: the kernel by stages, the whole engine, the start of a command."""
