"""What people would use instead of jaxgan, at equal work: `equal` proves it, `benchmarks/compare.py` times it."""
