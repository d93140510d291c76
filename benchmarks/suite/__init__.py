"""The benchmarks that asv runs (``docs/performance.md`` says how)."""
