"""How good weights are: on every data set, beside published figures, in tables and pictures."""
