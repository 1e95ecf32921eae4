"""Training steps on the CPU: compiled kernels over blocks of samples that stay in the cache."""
