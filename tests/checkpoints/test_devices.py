import pytest
import torch

from lh_eval.checkpoints.devices import resolve_device, resolve_dtype
from lh_eval.errors import InputError

CPU, CUDA = torch.device("cpu"), torch.device("cuda:0")


@pytest.fixture
def machine(monkeypatch):
    def make(*, cuda=0, mps=False, capability=(9, 0)):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return make


@pytest.mark.parametrize(
    ("have", "expected"), [({"cuda": 1, "mps": True}, "cuda"), ({"mps": True}, "mps"), ({}, "cpu")]
)
def test_auto_takes_the_best_there_is(machine, have, expected):
    machine(**have)
    assert resolve_device("auto") == torch.device(expected)


def test_explicit_device(machine):
    machine(cuda=2)
    assert resolve_device("cuda:1") == torch.device("cuda:1")
    assert resolve_device("cpu") == CPU


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "mps"])
def test_device_that_is_not_there(machine, name):
    machine()
    with pytest.raises(InputError, match=f"device must be one that this machine has, got '{name}' with no"):
        resolve_device(name)


def test_index_that_is_not_there(machine):
    machine(cuda=2)
    with pytest.raises(InputError, match="got 'cuda:2' with 2 of cuda here"):
        resolve_device("cuda:2")


@pytest.mark.parametrize("name", ["gpu", "", "cuda:", "cuda:x", "cuda:-1", "meta"])
def test_unknown_device(name):
    with pytest.raises(InputError, match="device must be one of auto, cpu, cuda, mps"):
        resolve_device(name)


def test_auto_dtype(machine):
    machine(cuda=1, capability=(8, 0))
    assert resolve_dtype("auto", CUDA) is torch.bfloat16
    machine(cuda=1, capability=(7, 5))
    assert resolve_dtype("auto", CUDA) is torch.float16
    assert resolve_dtype("auto", CPU) is torch.float32


def test_explicit_dtype():
    assert resolve_dtype("bfloat16", CPU) is torch.bfloat16
    with pytest.raises(InputError, match="did you mean 'float32'"):
        resolve_dtype("fp32", CPU)
