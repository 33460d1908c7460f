"""Text and published data sets that prompts are made of, read through `datasets`."""
