"""Settings of the whole suite: no deadline for examples, the same ones in every CI run, a thread a process."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: the suite's processes fill the cores
from hypothesis import HealthCheck, settings

settings.register_profile("local", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("local"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")
