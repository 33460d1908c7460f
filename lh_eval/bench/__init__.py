"""Benchmarks of the operator: what is timed and how, the rows that come of it, and what they say."""
