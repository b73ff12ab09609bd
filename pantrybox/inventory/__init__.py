"""What is on the shelf, and how we know."""
