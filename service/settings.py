"""Settings of the server, read from the environment (``ORICHALCUM_*``)."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from urllib.parse import quote

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)
from sqlalchemy import URL

Device = Literal["auto", "cpu", "cuda"]

DEFAULT_DATA = Path("~/.local/share/orichalcum")

# Where API keys are required, somebody else may reach the service: these then hold unless others are set.
REQUESTS_PER_MINUTE = 1200
SUBMISSIONS_PER_MINUTE = 120
MOST_ACTIVE_JOBS = 200
MOST_EVALUATIONS_A_DAY = 50_000

_ADDRESSES = ("database_url", "broker_url")
_SECRETS_FOLDER = "ORICHALCUM_SECRETS"
_PASSWORD = re.compile(r"(?<=://)([^/@:]*):[^/@]*(?=@)")


def sqlite_url(path: Path) -> str:
    """SQLAlchemy URL of a SQLite file, whatever characters its path has."""
    return URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)


def _with_password(url: str | None, secret: SecretStr | None) -> str | None:
    """An address with a password, where it has none of its own."""
    password = "" if secret is None else secret.get_secret_value().strip()
    if url is None or not password:
        return url
    scheme, separator, rest = url.partition("://")
    user, _, place = rest.rpartition("@")
    if not separator or ":" in user:
        return url
    return f"{scheme}://{user}:{quote(password, safe='')}@{place}"


class Settings(BaseSettings):
    """Where the store and the broker are, who may call, and the limits of the API."""

    model_config = SettingsConfigDict(env_prefix="ORICHALCUM_", extra="ignore", hide_input_in_errors=True)

    data: Path = Field(DEFAULT_DATA, description="Folder of the embedded store, broker and logs.")
    database_url: str | None = Field(
        None, description="SQLAlchemy URL; SQLite in the data folder where not given."
    )
    broker_url: str | None = Field(None, description="Redis or Valkey URL; an embedded one where not given.")
    device: Device = Field("auto", description="Where workers compute.")
    database_password: SecretStr | None = Field(None, description="Of the database, where its URL has none.")
    broker_password: SecretStr | None = Field(None, description="Of the broker, where its URL has none.")
    api_key: SecretStr | None = Field(
        None, description="With the scope compute, of a worker that fetches its work over HTTPS."
    )
    max_request_bytes: int = Field(4_000_000, ge=1_000, description="Largest request body accepted.")
    max_request_seconds: float = Field(
        2.0, gt=0.0, description="Seconds of a core that the check of one problem may take."
    )
    require_api_keys: bool = Field(
        default=False, description="Refuse calls without a key; always so beyond loopback."
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Host names that requests may be for; on loopback its own names where not given."
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Web pages of these origins may call, e.g. https://lab.example.org."
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Addresses or networks of proxies whose X-Forwarded-For is believed; * for any."
    )
    requests_per_minute: int | None = Field(None, ge=0, description="By one caller; 0 for any number.")
    submissions_per_minute: int | None = Field(None, ge=0, description="By one caller; 0 for any number.")
    max_active_jobs: int | None = Field(None, ge=0, description="Of one tenant; 0 for any number.")
    max_evaluations_per_day: int | None = Field(None, ge=0, description="Of one tenant; 0 for any number.")
    keep_days: float | None = Field(
        None,
        gt=0.0,
        description="Finished jobs are deleted after so many days; for ever kept where not given.",
    )
    routes: Annotated[dict[str, str], NoDecode] = Field(
        {}, description="Potentials with a queue of their own, e.g. sevennet-l3i5=cuda,sevennet-0=any."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Besides the environment, files in the folder ORICHALCUM_SECRETS: orichalcum_api_key and the like."""
        sources = (init_settings, env_settings, dotenv_settings, file_secret_settings)
        folder = os.environ.get(_SECRETS_FOLDER)
        return (*sources, SecretsSettingsSource(settings_cls, secrets_dir=folder)) if folder else sources

    @model_validator(mode="after")
    def _with_passwords(self) -> Self:
        self.database_url = _with_password(self.database_url, self.database_password)
        self.broker_url = _with_password(self.broker_url, self.broker_password)
        return self

    @field_validator("allowed_hosts", "cors_origins", "trusted_proxies", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("routes", mode="before")
    @classmethod
    def _routed(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        pairs = [part.strip().partition("=") for part in value.split(",") if part.strip()]
        return {name.strip(): device.strip() for name, _, device in pairs}

    @field_validator("routes")
    @classmethod
    def _routable(cls, value: dict[str, str]) -> dict[str, str]:
        for name, device in value.items():
            if not re.fullmatch(r"[A-Za-z0-9._-]{1,80}", name) or device not in ("any", "cpu", "cuda"):
                raise ValueError(
                    f"{name}={device}: write POTENTIAL=any, POTENTIAL=cpu or POTENTIAL=cuda, separated by commas"
                )
        return value

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

    def keys_required(self) -> bool:
        """Whether a call without an API key is refused."""
        return self.require_api_keys

    def most_requests(self) -> int:
        """Requests a minute by one caller; 0 for any number."""
        return self._guarded(self.requests_per_minute, REQUESTS_PER_MINUTE)

    def most_submissions(self) -> int:
        """Submissions a minute by one caller; 0 for any number."""
        return self._guarded(self.submissions_per_minute, SUBMISSIONS_PER_MINUTE)

    def most_active_jobs(self) -> int:
        """Jobs of one tenant that are not finished; 0 for any number."""
        return self._guarded(self.max_active_jobs, MOST_ACTIVE_JOBS)

    def most_evaluations_a_day(self) -> int:
        """Evaluations of one tenant a day; 0 for any number."""
        return self._guarded(self.max_evaluations_per_day, MOST_EVALUATIONS_A_DAY)

    def _guarded(self, value: int | None, default: int) -> int:
        return value if value is not None else default if self.require_api_keys else 0

    @classmethod
    def secret_variables(cls) -> frozenset[str]:
        """Variables of the environment, in capitals, by which somebody gets at a secret.

        Passwords and keys, the addresses that may hold a password, and the folder of files that hold these.
        """
        secret = {
            name
            for name, field in cls.model_fields.items()
            if field.annotation is SecretStr or SecretStr in get_args(field.annotation)
        }
        prefix = str(cls.model_config.get("env_prefix", ""))
        return frozenset(f"{prefix}{name}".upper() for name in secret | set(_ADDRESSES)) | {_SECRETS_FOLDER}

    def redacted(self) -> dict[str, Any]:
        """Every setting as plain values, without the passwords that are in addresses."""
        values: dict[str, Any] = self.model_dump(mode="json")
        for name in _ADDRESSES:
            if values[name] is not None:
                values[name] = _PASSWORD.sub(r"\1:***", values[name])
        return values
