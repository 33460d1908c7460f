"""A static site over many runs: a table to sort and filter, their reports, and their results to pass on."""
