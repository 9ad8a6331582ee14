"""All tables of the store, in one place for migrations."""

from __future__ import annotations

from sqlalchemy import MetaData

from service.tables.api_keys import ApiKeyRow
from service.tables.checkpoints import CheckpointRow
from service.tables.database import Base
from service.tables.dependencies import DependencyRow
from service.tables.events import EventRow
from service.tables.idempotency import IdempotencyRow
from service.tables.jobs import JobRow
from service.tables.maps import MapRow
from service.tables.parts import PartRow
from service.tables.reference_claims import ReferenceClaimRow
from service.tables.references import ReferenceRow
from service.tables.tags import TagRow
from service.tables.tallies import TallyRow
from service.tables.tasks import TaskRow

TABLES = (
    JobRow,
    TaskRow,
    CheckpointRow,
    EventRow,
    TagRow,
    DependencyRow,
    MapRow,
    ReferenceRow,
    ReferenceClaimRow,
    PartRow,
    IdempotencyRow,
    ApiKeyRow,
    TallyRow,
)
METADATA: MetaData = Base.metadata
