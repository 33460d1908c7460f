"""Files shipped with the package: the checkpoint and the text."""
