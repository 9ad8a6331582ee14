"""Health and metrics of the running service."""
