"""The worker: the only part of the service that computes, and the only one that imports torch."""
