"""Makes the modules of this folder (`reference`, `small_run`) importable from every test."""
