"""The camera that a clip was filmed with."""
