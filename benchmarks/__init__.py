"""Benchmarks that print tables: speed and memory (`make bench`), quality against minutes (`make quality`)."""
