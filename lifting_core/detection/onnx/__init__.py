"""Any keypoint model of the user's, as an ONNX file with a description of what goes in and comes out."""
