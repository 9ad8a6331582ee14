"""Workers that are alive, by their heartbeat."""
