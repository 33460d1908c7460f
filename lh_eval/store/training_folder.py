"""The names in a training's folder, which training writes and analysis reads."""

TRAIN_CONFIG = "train.json"  # the whole configuration
LOSS_CURVE = "loss.csv"
STATE = "state"  # what a killed run goes on from; gone once the checkpoint is there
CHECKPOINT = "checkpoint"  # the finished weights, a transformers folder
KEPT = "checkpoints"  # weights on the way, a transformers folder each
GATES = "gates.json"  # how long the phases with a gate took

# Columns of the loss curve. Those of the data families' losses stand before the last.
STEP_COLUMNS = ("step", "tokens", "seconds", "attention", "length", "lr", "tokens_per_second")
LOSS = "loss"
HELD_OUT = "held_out"
