"""F-Curves: the scene time of their keys, how few will do, and which Actions get them."""
