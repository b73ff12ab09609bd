"""How good the eye is, on photographs whose labels a person made."""
