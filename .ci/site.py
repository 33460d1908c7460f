"""What the site takes from outside docs/: README as its start, the project's pages, and the figures that pages show.

A link to another file of the repository leads to the repository, at $REPOSITORY.
"""

import os
import re
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
REPOSITORY = os.environ.get("REPOSITORY", "https://example.org/lh_eval")
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CODE_OF_CONDUCT.md": "conduct.md",
    "CHANGELOG.md": "changelog.md",
    "outputs/README.md": "results.md",
}
LINK = re.compile(r"(\]\()(?!https?://|#|mailto:)([^)#]+)")
IMAGES = (".png", ".svg")


def on_files(files: Files, config: Any) -> Files:
    """Add pages and figures."""
    texts = {}
    for source, page in PAGES.items():
        texts[source] = (ROOT / source).read_text(encoding="utf-8")
        content = LINK.sub(lambda match, at=source: match[1] + _target(match[2], at), texts[source])
        files.append(File.generated(config, page, content=content))
    for file in files.documentation_pages():
        if not file.generated_by:
            texts[f"docs/{file.src_uri}"] = file.content_string
    for source, text in texts.items():
        for target in LINK.findall(text):
            path = _resolved(target[1], source)
            if path.suffix in IMAGES and path.parts[0] != "docs" and files.get_file_from_path(str(path)) is None:
                files.append(File.generated(config, str(path), abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Lead links of pages in docs/ to where they go on the site."""
    if page.file.generated_by:
        return markdown
    source = f"docs/{page.file.src_uri}"
    return LINK.sub(lambda match: match[1] + _target(match[2], source), markdown)


def _resolved(target: str, source: str) -> PurePosixPath:
    """A link's file from the root of the repository."""
    path = os.path.normpath(PurePosixPath(source).parent / target)
    if not (ROOT / path).exists():
        raise SystemExit(f"{source} must have links to files that there are, got {target}")
    return PurePosixPath(path)


def _target(target: str, source: str) -> str:
    path = _resolved(target, source)
    if path.parts[0] == "docs":
        return str(path.relative_to("docs"))
    if str(path) in PAGES:
        return PAGES[str(path)]
    return str(path) if path.suffix in IMAGES else f"{REPOSITORY}/blob/main/{path}"
