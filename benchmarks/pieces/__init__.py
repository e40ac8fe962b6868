"""What `benchmarks/gpu.py` measures, a piece a file: jobs(size), their rows in words, and what a job's process computes."""
