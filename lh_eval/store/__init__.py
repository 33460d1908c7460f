"""What a run or a training leaves on disk: rows, folders, sweeps. Crash-safe, and resumable by configuration."""
