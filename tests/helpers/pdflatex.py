"""LaTeX that we wrote, compiled as in a paper, where pdflatex is installed."""

import shutil
import subprocess

import pytest

needs_pdflatex = pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason="pdflatex is not installed: apt install texlive-latex-recommended"
)


def compiled(latex, folder):
    """Compile what stands in a document; no PDF is written, for which more fonts would be needed."""
    head = r"\documentclass{article}\usepackage[T1]{fontenc}\usepackage{booktabs}\begin{document}"
    (folder / "paper.tex").write_text(f"{head}\n{latex}\n\\end{{document}}\n", encoding="utf-8")
    command = ["pdflatex", "-draftmode", "-no-shell-escape", "-halt-on-error", "-interaction=nonstopmode", "paper.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="latin-1", timeout=60, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
