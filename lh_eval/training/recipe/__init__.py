"""What decides a training: model, data and attention schedules, optimiser."""
