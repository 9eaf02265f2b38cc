"""How far poses are from the truth, by themselves and as Human3.6M counts."""
