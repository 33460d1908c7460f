"""Figures for papers: functions from a DataFrame to a matplotlib Figure. They know tables but no run."""
