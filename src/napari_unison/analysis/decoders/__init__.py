"""Decoders of latents: nearest neighbours, linear, a small network; settings chosen on inner laps."""
