import pytest

from lh_eval.models.loading import load_checkpoint


@pytest.fixture(scope="session")
def checkpoint():
    return load_checkpoint(device="cpu")
