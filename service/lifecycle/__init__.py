"""The life of a job: submitted, dispatched, finished, swept."""
