"""What the household taught the eye, and what follows from it for every photograph that is kept."""
