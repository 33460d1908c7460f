"""How far a text answers, one rule a file."""
