"""Settings of the server, read from the environment (``ORICHALCUM_*``)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL

Device = Literal["auto", "cpu", "cuda"]

DEFAULT_DATA = Path("~/.local/share/orichalcum")


def sqlite_url(path: Path) -> str:
    """SQLAlchemy URL of a SQLite file, whatever characters its path has."""
    return URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)


class Settings(BaseSettings):
    """Where the store and the broker are, and the limits of the API."""

    model_config = SettingsConfigDict(env_prefix="ORICHALCUM_", extra="ignore")

    data: Path = Field(DEFAULT_DATA, description="Folder of the embedded store, broker and logs.")
    database_url: str | None = Field(
        None, description="SQLAlchemy URL; SQLite in the data folder where not given."
    )
    broker_url: str | None = Field(None, description="Redis or Valkey URL; an embedded one where not given.")
    device: Device = Field("auto", description="Where workers compute.")
    max_request_bytes: int = Field(4_000_000, ge=1_000, description="Largest request body accepted.")
    max_request_seconds: float = Field(
        30.0, gt=0.0, description="Longest time spent on checking one problem."
    )

    def store_url(self) -> str:
        """URL of the job store."""
        return self.database_url or sqlite_url(self.data.expanduser() / "orichalcum.sqlite3")

    def queue_url(self) -> str:
        """URL of the broker.

        Raises:
            ValueError: if none is set; only the supervisor starts one of its own.
        """
        if self.broker_url is None:
            raise ValueError("ORICHALCUM_BROKER_URL is not set, e.g. redis://localhost:6379/0")
        return self.broker_url
