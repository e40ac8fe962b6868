"""One kind of sample a file, and how samples are brought to one shape."""
