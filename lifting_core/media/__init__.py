"""Photos, videos and image sequences as a stream of upright RGB frames with true time stamps."""
