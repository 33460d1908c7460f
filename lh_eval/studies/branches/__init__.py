"""The experiment of docs/protocol.md: one trunk a seed, and branches of it that differ in Lighthouse's settings alone.

python -m lh_eval.studies.branches runs/branches --seeds 0-7 trains and evaluates as far as a budget of time allows,
python -m lh_eval.studies.branches.tables runs/branches compares.

`plan.py` says what is done in which order, `training.py` and `evaluating.py` do it, `outcomes.py` reads the rows back,
`contrasts.py` compares over seeds.
"""
