"""Finished output: CSV, LaTeX, Markdown, figures with their captions, the report."""
