"""What a run leaves behind: rows, cells, the run folder. Crash-safe, and resumable by configuration."""
