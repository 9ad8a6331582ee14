"""The public face of the engine: a campaign, and running a problem to its end in this process."""
