"""The demo's pantry: rendered photographs and the truth beside them."""
