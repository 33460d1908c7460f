"""Which samples run under which settings, and the public `evaluate` and `run`."""
