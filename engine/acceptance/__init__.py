"""Acceptance: from what a user asks for to what the engine computes, with every fault found on the way."""
