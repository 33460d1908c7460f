"""A checkpoint and samples become rows: contexts read, questions asked, answers scored, in batches."""
