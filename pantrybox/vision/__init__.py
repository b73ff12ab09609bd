"""Pixels to boxes: the only place that knows onnxruntime and Pillow."""
