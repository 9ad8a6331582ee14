"""The whole stack on one machine: the supervisor and its children."""
