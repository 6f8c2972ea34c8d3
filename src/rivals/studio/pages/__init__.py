"""One page a file; each has `build(studio)`, which gives it its address."""
