"""Checkpoints: loading, locating, installing, the settings beside the weights, the byte-level tokenizer."""
