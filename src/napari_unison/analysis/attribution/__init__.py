"""Which neurons carry a latent or a decoded label."""
