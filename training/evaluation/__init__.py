"""How good weights are: metrics, protocols, published figures, tables and pictures."""
