"""Whom a run reports to in tests."""

from __future__ import annotations


class Silent:
    """Listens to a run, and keeps what it counted."""

    def __init__(self):
        self.counts = []

    def counted(self, done, planned, best):
        self.counts.append((done, planned))

    def recorded(self, record):
        pass

    def called(self):
        pass

    def doing(self, words):
        pass
