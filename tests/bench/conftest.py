import pytest
import torch

from lh_eval.bench.timing import Repetition
from lh_eval.bench.workload import Workload


@pytest.fixture
def make_workload():
    """A workload that takes no time, on the CPU; what is given replaces its fields."""

    def make(**values):
        workload = {
            "device": torch.device("cpu"), "dtype": torch.float32, "lengths": (64, 128), "budgets": (8, 16),
            "modes": ("fwd", "fwd+bwd"), "providers": ("lighthouse-reference", "sdpa", "sdpa-on-S"), "batch": 1,
            "heads": 2, "kv_heads": 1, "head_dim": 8, "levels": 3, "pooling": 4, "scorer": "norm",
            "repetition": Repetition(1, 0.0),
        }  # fmt: skip
        return Workload(**workload | values)

    return make
