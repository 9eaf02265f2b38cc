"""From 2D keypoints to 3D joints in the camera's view, by the network of Martinez et al. (ICCV 2017)."""
