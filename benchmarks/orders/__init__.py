"""What the benchmarks of kind order share."""
