"""The licence gate of CI refuses what it is there to refuse."""

import importlib.util
from importlib.metadata import distributions
from pathlib import Path

import pytest

SPEC = importlib.util.spec_from_file_location("licences", Path(__file__).parents[1] / ".ci" / "licences.py")
licences = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(licences)


def faults(folder, name, *lines):
    (folder / "x-1.dist-info").mkdir()
    text = "\n".join(["Metadata-Version: 2.4", f"Name: {name}", "Version: 1", *lines, ""])
    (folder / "x-1.dist-info" / "METADATA").write_text(text, encoding="utf-8")
    return licences.faults(distributions(path=[str(folder)]))


PROPRIETARY = "Classifier: License :: Other/Proprietary License"


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("x", ["License-Expression: MIT AND (GPL-3.0-only OR Zlib)"]),
        ("x", ["License-Expression: GPL-3.0-only OR MIT", "License: GPL"]),
        ("x", ["License: MPL-2.0 AND MIT"]),
        ("x", ["License: GPL", "Classifier: License :: OSI Approved :: MIT License"]),
        ("kvpress", []),
        ("nvidia-cublas", [PROPRIETARY]),
    ],
)
def test_allowed(tmp_path, name, lines):
    assert faults(tmp_path, name, *lines) == []


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["License-Expression: GPL-2.0-only AND MIT"],
        ["License-Expression: MIT AND (GPL-3.0-only OR AGPL-3.0-only)"],
        ["License-Expression: GPL-2.0-only WITH Classpath-exception-2.0"],
        ["License: No use permitted without a contract"],
        ["Classifier: License :: OSI Approved"],
        ["Classifier: License :: OSI Approved :: MIT License", PROPRIETARY],
    ],
)
def test_refused(tmp_path, lines):
    (fault,) = faults(tmp_path, "x", *lines)
    assert fault.startswith("licence of x must be one of .ci/licences.py, got ")
