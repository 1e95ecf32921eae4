"""Ways to decode with an encoder, and the trained encoders that they share."""
