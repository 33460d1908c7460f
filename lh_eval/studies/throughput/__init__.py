"""Samples per second beside lm-eval: our engine and its HFLM on the same checkpoint, prompts, dtype and machine."""
