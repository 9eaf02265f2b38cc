"""What was seen, drawn over the picture that it was seen in."""
