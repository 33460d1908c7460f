"""`impl="reference"` is pure torch: no kernel runs, whatever scores and wherever it runs."""

import subprocess
import sys

import pytest

_REFERENCE = """
import sys
import torch
from lh_eval import LighthouseConfig, lighthouse_attention, select_entries
from lh_eval.attention.operator import stages

q, k, v = (torch.randn(1, 2, 200, 16, device=sys.argv[1], requires_grad=True) for _ in range(3))
for scorer in ("norm", "qk", "pooled-qk", "random", "recency"):
    config = LighthouseConfig(k=8, tile_k=4, scorer=scorer)
    select_entries(q, k, v, config, impl="reference")
    lighthouse_attention(q, k, v, config, impl="reference").sum().backward()
    for run in stages(q, k, v, config, impl="reference", grad=torch.ones_like(q)).values():
        run()
print(*(name for name in sys.modules if name.startswith(("lh_eval.kernels.triton", "lh_eval.attention.triton"))))
"""


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_the_reference_imports_no_kernel(device):
    command = [sys.executable, "-c", _REFERENCE, device]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr
