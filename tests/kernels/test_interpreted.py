"""The Triton kernels' tests, interpreted on the CPU: Triton reads its environment when kernels are defined, so in a
process of their own.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("marked", "tests"),
    [
        ("not gpu and not long", "tests/triton/test_select.py"),
        pytest.param("not gpu", "tests/triton", marks=pytest.mark.long),
    ],
)
def test_kernels(marked, tests):
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-m", marked, tests]
    done = subprocess.run(
        command, cwd=root, env={**os.environ, "TRITON_INTERPRET": "1"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
