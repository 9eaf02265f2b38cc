"""What there is to train on and test on: Human3.6M, and bodies seen by simulated cameras."""
