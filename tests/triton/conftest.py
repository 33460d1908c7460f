"""The kernels on a GPU (`pytest -m gpu`) or, interpreted, on a CPU (`TRITON_INTERPRET=1 pytest tests/triton`)."""

import os
from pathlib import Path

import pytest
import torch

_INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
if _INTERPRETED:
    from quick_interpreter import quicken

    quicken()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    if not _INTERPRETED:
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.gpu)


@pytest.fixture
def device():
    return "cpu" if _INTERPRETED else "cuda"


@pytest.fixture
def interpreted():
    return _INTERPRETED


@pytest.fixture
def poisoned():
    """Fill what is allocated and not yet written with NaN, and integers with their largest."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    assert torch.utils.deterministic.fill_uninitialized_memory
    assert torch.empty(3).isnan().all()
    yield
    torch.use_deterministic_algorithms(False)
