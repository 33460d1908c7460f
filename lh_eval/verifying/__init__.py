"""Whether runs are what they say: rows against their configuration, their prompts, and the numbers made of them."""
