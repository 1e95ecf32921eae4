"""Room ``widgets``."""
