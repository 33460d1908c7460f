"""Settings of the whole suite: no deadline for examples, the same ones in every CI run, a thread a process."""

import gc
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: the suite's processes fill the cores
from hypothesis import HealthCheck, settings

settings.register_profile("local", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("local"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


def pytest_collection_modifyitems(items):
    """The longest test first: started among the last, it would leave the other processes idle."""
    items.sort(key=lambda item: item.path.name != "test_interpreted.py")


def pytest_collection_finish():
    """Keep what was imported out of every later collection of garbage: it is large, and stays."""
    gc.freeze()
