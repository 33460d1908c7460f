"""Refuse installed packages whose licence is not one of those below: `python .ci/licences.py`.

A package's licence is its metadata's expression, else its classifiers, all of them, else its `License` field. Names are
compared whole: "MIT" is in "permitted", and a licence joined by AND to an allowed one binds too.
"""

import re
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions

# Permissive ones and weak copyleft, as SPDX and PyPI name them, and as some packages write them.
ALLOWED = {
    "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0",
    "CNRI-Python", "HPND", "ISC", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Unlicense", "Zlib",
    "Apache Software License", "BSD License", "ISC License (ISCL)", "MIT License", "Python Software Foundation License",
    "Mozilla Public License 2.0 (MPL 2.0)", "GNU Lesser General Public License v2 or later (LGPLv2+)",
    "Apache 2.0 License", "The MIT License (MIT)",
}  # fmt: skip
READ = {"kvpress": "Apache-2.0", "word2number": "MIT"}  # their metadata have no name, or a whole text: it was read
PROPRIETARY = re.compile("(nvidia|cuda)-")  # libraries that torch's wheels need, under NVIDIA's own terms


def licences(package: Distribution) -> list[str]:
    """What binds a package: all of it, each a name or an expression; none if it does not say."""
    about = package.metadata
    if expression := about.get("License-Expression"):
        return [expression]
    prefix = "License :: "
    found = [line.removeprefix(prefix) for line in about.get_all("Classifier", []) if line.startswith(prefix)]
    named = [name.removeprefix("OSI Approved :: ") for name in found if name != "OSI Approved"]
    own = READ.get(about["Name"]) or about.get("License")
    return named or ([own] if own else [])


def is_allowed(expression: str) -> bool:
    """Whether an SPDX expression, or another name, leaves a choice that is allowed; AND binds closer than OR."""
    if expression in ALLOWED:
        return True
    inner, count = re.subn(r"\(([^()]*)\)", lambda found: "MIT" if is_allowed(found[1]) else "other", expression)
    if count:
        return is_allowed(inner)
    return any(all(name.strip() in ALLOWED for name in part.split(" AND ")) for part in expression.split(" OR "))


def faults(packages: Iterable[Distribution]) -> list[str]:
    """A line for each package that must not be installed."""
    found = []
    for package in packages:
        name, binding = package.metadata["Name"], licences(package)
        if not PROPRIETARY.match(name) and not (binding and all(map(is_allowed, binding))):
            shown = [line[:80] for line in binding] or "none"
            found.append(f"licence of {name} must be one of .ci/licences.py, got {shown}; take another package")
    return sorted(found)


if __name__ == "__main__":
    sys.exit("\n".join(faults(distributions())) or 0)
