"""Room ``display``."""
