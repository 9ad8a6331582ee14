"""Submissions that may be repeated without being done twice."""
