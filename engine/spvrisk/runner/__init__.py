"""Running a job: its shards over threads, the ledger that keeps them, progress, interruption, proved machine code."""
