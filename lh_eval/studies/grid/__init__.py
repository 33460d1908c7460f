"""The grid of trainings: recipes by several seeds, evaluated on several tasks, against each other and the paper."""
