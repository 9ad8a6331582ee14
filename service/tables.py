"""All tables of the store, in one place for migrations."""

from __future__ import annotations

from sqlalchemy import MetaData

from service.access.models import ApiKeyRow
from service.database import Base
from service.evaluations.models import EvaluationRow
from service.events.models import EventRow
from service.idempotency.models import IdempotencyRow
from service.jobs.models import JobRow
from service.maps.models import MapRow
from service.references.models import ReferenceRow
from service.tallies.models import TallyRow
from service.workers.models import WorkerRow

TABLES = (
    JobRow,
    EvaluationRow,
    EventRow,
    MapRow,
    ReferenceRow,
    WorkerRow,
    IdempotencyRow,
    ApiKeyRow,
    TallyRow,
)
METADATA: MetaData = Base.metadata
