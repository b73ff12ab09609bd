"""HTTP: the API, the page and who may see them."""
