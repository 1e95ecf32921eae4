"""Thin dock widgets: they read the workspace, call its methods and repaint on its events."""
