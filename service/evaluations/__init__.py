"""Evaluations of a job: claimed by workers under a lease, stored once."""
