"""How a checkpoint attends while it is evaluated, one file a method."""
