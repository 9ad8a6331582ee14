"""How a worker takes a message: as Celery does, but a broker that cannot be told of it is noticed."""

from __future__ import annotations

from celery.worker.request import Request


class AnsweredRequest(Request):  # type: ignore[misc]  # Celery has no types
    """A request whose acknowledgement must reach the broker.

    Celery only logs an acknowledgement that fails. The message then counts as under way for ever, and since a worker
    takes one at a time, it asks for no other: it lives on and does nothing, after the broker has long come back. Raised
    here, the same fault makes the consumer connect anew. The message comes a second time, which does no harm.
    """

    acknowledged: bool

    def acknowledge(self) -> None:
        """Tell the broker.

        Raises:
            redis.exceptions.ConnectionError: if it is away.
        """
        if not self.acknowledged:
            self.message.ack()
            self.acknowledged = True
