"""Lighthouse attention: its config, the operator, and how a transformers model runs under it."""
