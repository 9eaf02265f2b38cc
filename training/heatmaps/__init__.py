"""Training the stacked hourglass: from annotated pictures to heat maps."""
