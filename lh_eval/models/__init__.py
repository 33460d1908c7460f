"""Checkpoints: loading, the settings beside the weights, the byte-level tokenizer."""
