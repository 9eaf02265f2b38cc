"""How other rigs name the parts of a body."""
