"""Checking problems in processes of their own, which are ended at their limits."""
