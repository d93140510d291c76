"""Running a study: leaves of paths over threads, progress, interruption, the result file."""
