"""The queue: which there are, and the messenger that puts ids into them."""
