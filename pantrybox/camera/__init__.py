"""A camera made of software: sends the pictures of a folder."""
