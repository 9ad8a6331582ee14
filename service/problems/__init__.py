"""Checking problems before they become jobs."""
