"""How attention is put into a transformers model: the seam that every method attaches by."""
