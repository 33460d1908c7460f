"""A pretrained checkpoint read under Lighthouse that it was not trained under: that it fails, and why."""
