"""What is compiled is launched again for the same arguments only, and on the tensors' device."""

import contextlib
from types import SimpleNamespace

import pytest
import torch

pytest.importorskip("triton")
from lh_eval.kernels.triton import launch


class Kernel:
    """Stands for a Triton kernel: what it compiles is a number, counted up."""

    arg_names = ("x", "y", "stride", "tokens", "BLOCK")

    def __init__(self):
        self.compiled = []
        self.launched = []

    def __getitem__(self, grid):
        def first(*arguments, num_warps, **numbers):
            number = len(self.compiled)
            self.compiled.append((grid, arguments, numbers, num_warps))
            self.launched.append(number)
            return {grid: lambda *again: self.launched.append((number, again))}

        return first


def tensor(address=64, dtype=torch.float32, device=0):
    return SimpleNamespace(dtype=dtype, data_ptr=lambda: address, get_device=lambda: device)


@pytest.fixture
def current(monkeypatch):
    """The current device, in a list of one."""
    device = [0]

    @contextlib.contextmanager
    def on(other):
        before, device[0] = device[0], other
        yield
        device[0] = before

    monkeypatch.setattr(launch, "interpreted", lambda: False)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: device[0])
    monkeypatch.setattr(torch.cuda, "device", on)
    return device


GRID = (2, 1, 1)


@pytest.mark.usefixtures("current")
def test_compiled_once_for_the_same_arguments():
    kernel = Kernel()
    run = launch.Launcher(kernel)
    x, y = tensor(), tensor(128)
    for _ in range(2):
        run(GRID, (x, y), (5,), tokens=7, BLOCK=16, num_warps=4)
    assert kernel.launched == [0, (0, (x, y, 5, 7, 16))]


@pytest.mark.parametrize(
    "changes",
    [
        {"x": tensor(address=8)},
        {"x": tensor(dtype=torch.bfloat16)},
        {"stride": 6},
        {"tokens": 8},
        {"BLOCK": 32},
        {"num_warps": 8},
        {"device": 1},
    ],
)
def test_compiled_again_for_others(changes, current):
    kernel = Kernel()
    run = launch.Launcher(kernel)
    for given in ({}, changes):
        device = given.get("device", 0)
        tensors = (given.get("x", tensor(device=device)), tensor(device=device))
        numbers = {name: given.get(name, value) for name, value in (("tokens", 7), ("BLOCK", 16), ("num_warps", 4))}
        run(GRID, tensors, (given.get("stride", 5),), **numbers)
    assert kernel.launched == [0, 1]
    assert current == [0]


def test_launched_on_the_tensors_device(current):
    devices = []

    class Watched(Kernel):
        def __getitem__(self, grid):
            devices.append(current[0])
            return super().__getitem__(grid)

    launch.Launcher(Watched())(GRID, (tensor(device=1), tensor(device=1)), (5,), tokens=7, BLOCK=16, num_warps=4)
    assert devices == [1]


@pytest.mark.usefixtures("current")
def test_numbers_in_another_order_are_no_launch():
    with pytest.raises(AssertionError):
        launch.Launcher(Kernel())(GRID, (tensor(), tensor()), (5,), BLOCK=16, tokens=7, num_warps=4)
