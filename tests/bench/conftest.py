import pytest
import torch

from lh_eval.bench.plan import Plan
from lh_eval.bench.table import Row
from lh_eval.bench.timing import Pace


@pytest.fixture
def make_plan():
    """A plan that takes no time, on the CPU; what is given replaces its fields."""

    def make(**values):
        plan = {
            "device": torch.device("cpu"), "dtype": torch.float32, "lengths": (64, 128), "budgets": (8, 16),
            "modes": ("fwd", "fwd+bwd"), "providers": ("lighthouse-reference", "sdpa", "sdpa-on-S"), "batch": 1,
            "heads": 2, "kv_heads": 1, "head_dim": 8, "levels": 3, "pooling": 4, "scorer": "norm",
            "pace": Pace(1, 0.0),
        }  # fmt: skip
        return Plan(**plan | values)

    return make


@pytest.fixture
def make_row():
    def make(provider="sdpa", mode="fwd", length=1024, k=None, ms=1.0, **values):
        row = {
            "gpu": "card", "torch": "2", "triton": "3", "commit": "0000000", "provider": provider, "mode": mode,
            "N": length, "k": k, "batch": 1, "heads": 2, "kv_heads": 2, "head_dim": 64,
            "levels": None if k is None else 3, "pooling": None if k is None else 4, "dtype": "float32", "ms": ms,
            "extra_bytes": None, "stages": {},
        }  # fmt: skip
        return Row(**row | values)

    return make
