"""What `.ci/package` does to README before a build, and asks of what was built.

python .ci/package.py links REPOSITORY: in the current folder, README's relative links lead to the repository, as a
package index has no files beside the page; pyproject.toml gets the addresses of the project.

python .ci/package.py contents SDIST WHEEL: all files of the packages are in both, and the page has no relative link.
"""

import re
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

PACKAGES = {"lh_eval": "lh_eval", "kernels": "lh_eval/kernels", "scorers": "lh_eval/scorers", "tasks": "lh_eval/tasks"}
RELATIVE = re.compile(r"(!?\[[^\]]*\]\()(?!https?://|#|mailto:)([^)]+)\)")
IMAGES = (".png", ".svg")


def links(repository: str) -> None:
    """Rewrite README.md and pyproject.toml of the current folder."""

    def absolute(match: re.Match[str]) -> str:
        kind = "raw" if match[2].endswith(IMAGES) else "blob"
        return f"{match[1]}{repository}/{kind}/main/{match[2]})"

    readme, project = Path("README.md"), Path("pyproject.toml")
    readme.write_text(RELATIVE.sub(absolute, readme.read_text(encoding="utf-8")), encoding="utf-8")
    urls = {"Repository": "", "Documentation": "/tree/main/docs", "Changelog": "/blob/main/CHANGELOG.md"}
    lines = [f'{name} = "{repository}{path}"' for name, path in (urls | {"Issues": "/issues"}).items()]
    text = project.read_text(encoding="utf-8")
    project.write_text(text.replace("[project.urls]\n", "\n".join(["[project.urls]", *lines, ""])), encoding="utf-8")


def contents(sdist: str, wheel: str) -> None:
    """Exit with a line if something of the packages or of the page is not as it should be."""
    packed = {file: f"{home}/{file.relative_to(top)}" for top, home in PACKAGES.items() for file in files(Path(top))}
    with tarfile.open(sdist) as archive:
        in_sdist = {name.partition("/")[2] for name in archive.getnames()}
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = set(archive.namelist())
        (metadata,) = [name for name in in_wheel if name.endswith(".dist-info/METADATA")]
        page = message_from_bytes(archive.read(metadata))
    documents = {str(file) for top in ("docs", "tests") for file in files(Path(top))} | {"constraints.txt", "LICENSE"}
    wanted = [
        ("the sdist", {str(file) for file in packed} | documents, in_sdist),
        ("the wheel", set(packed.values()), in_wheel),
    ]
    for what, names, present in wanted:
        if missing := sorted(names - present):
            sys.exit(f"{what} must have all files, got none of {len(missing)}, such as {missing[0]}")
    if more := sorted(name for name in in_wheel - set(packed.values()) if ".dist-info/" not in name):
        sys.exit(f"the wheel must have the package alone, got {more[0]}")
    if found := RELATIVE.search(str(page.get_payload())):
        sys.exit(f"README must have absolute links in the wheel, got {found[2]}")
    if len(page.get_all("Project-URL", [])) < 5:
        sys.exit(f"the wheel must name the project's addresses, got {page.get_all('Project-URL')}")
    print(f"sdist {len(in_sdist)} files, wheel {len(in_wheel)}: {Path(wheel).name}")  # noqa: T201


def files(top: Path) -> list[Path]:
    """All files below a folder, caches aside."""
    return [file for file in top.rglob("*") if file.is_file() and "__pycache__" not in file.parts]


if __name__ == "__main__":
    {"links": links, "contents": contents}[sys.argv[1]](*sys.argv[2:])
