"""Running a checkpoint on a grid of samples."""
