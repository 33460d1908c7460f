import lm_eval.evaluator
import pytest

from lh_eval.checkpoints.loading import load_checkpoint


@pytest.fixture(scope="session")
def checkpoint():
    return load_checkpoint(device="cpu")


@pytest.fixture(autouse=True)
def no_look_around(monkeypatch):
    """Without the description of the machine that lm-eval adds to each result: a dozen programs tell it."""
    monkeypatch.setattr(lm_eval.evaluator, "add_env_info", lambda results: None)
