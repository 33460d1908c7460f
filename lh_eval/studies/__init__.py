"""Studies of many runs: the tables and figures of docs/findings.md and docs/benchmarks.md, for one's own runs too.

Each is a command, `python -m lh_eval.studies.NAME`: `branches`, `train_grid` and `grid`, `smollm2`, `throughput`.
"""
