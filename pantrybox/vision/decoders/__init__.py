"""What other people's detectors say, each read in its own way: tensors in, boxes out. Pure, but for the runtime."""
