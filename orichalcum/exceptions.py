"""What can go wrong between a client and the service, as one tree.

OrichalcumError
├── BadAddress             the URL or API key given cannot be used
├── ClientClosed           the client was closed before the call
├── ServiceUnreachable     nothing answers, or the connection breaks again and again
├── UnexpectedAnswer       something answers, but not an Orichalcum service
├── RequestRefused         the service said no, with a problem detail (RFC 9457)
│   ├── ProblemRefused     400, 413, 415, 422: the input is at fault; ``errors`` point at the fields
│   ├── Unauthorized       401, 403
│   ├── NotFound           404
│   ├── Conflict           409: not possible in the job's present state
│   └── ServiceFault       5xx, 429: not the caller's fault
├── JobFailed              the job ended without an answer; ``failure`` says why
├── StillRunning           the job has not ended within the time allowed
├── MapNotReady            no worker has computed the map within the time allowed
├── NotAnswered            a result has no such answer
├── MixedSites             a site holds several elements, for which what is asked for has no place
└── ExtraMissing           an optional library is not installed; ``extra`` names what installs it
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api_schemas.errors import FieldError, ProblemDetail


class OrichalcumError(Exception):
    """Base of every error that this library raises on purpose."""


class BadAddress(OrichalcumError):  # noqa: N818  (the public names read as what happened)
    """The service's URL or the API key cannot be used as given."""


class ClientClosed(OrichalcumError):  # noqa: N818
    """A call by a client whose connections were closed."""

    def __init__(self) -> None:
        """Say how to mend it."""
        super().__init__("the client was closed; ask inside its 'with' block, or before close()")


class ServiceUnreachable(OrichalcumError):  # noqa: N818
    """No service answers at ``url``."""

    def __init__(self, url: str, reason: str) -> None:
        """Say where nothing answered, and how to mend it."""
        self.url = url
        self.reason = reason
        super().__init__(
            f"the service at {url} cannot be reached ({reason}); start one with 'orichalcum up', "
            "or name another with --url or ORICHALCUM_URL"
        )


class UnexpectedAnswer(OrichalcumError):  # noqa: N818
    """What answers at ``url`` does not speak as an Orichalcum service does."""

    def __init__(self, url: str, reason: str) -> None:
        """Say what was wrong with the answer."""
        self.url = url
        self.reason = reason
        super().__init__(f"{url} answered, but not as an Orichalcum service: {reason}; check the address")


class RequestRefused(OrichalcumError):  # noqa: N818
    """The service refused a request; ``detail`` is its problem detail."""

    def __init__(self, detail: ProblemDetail) -> None:
        """Keep the problem detail; the message is what a person should read."""
        self.detail = detail
        super().__init__(_readable(detail))

    @property
    def errors(self) -> Sequence[FieldError]:
        """The fields at fault, possibly none."""
        return self.detail.errors

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.detail.status


class ProblemRefused(RequestRefused):
    """The input is at fault: ``errors`` tell which fields, and what would be right."""


class Unauthorized(RequestRefused):
    """The API key is missing, unknown, or not allowed to do this."""


class NotFound(RequestRefused):
    """There is no such job (or other thing)."""


class Conflict(RequestRefused):
    """Not possible in the present state of the job."""


class ServiceFault(RequestRefused):
    """The service itself failed or is overloaded; trying again later may help."""


class JobFailed(OrichalcumError):  # noqa: N818
    """The job ended without an answer."""

    def __init__(self, job_id: str, failure: ProblemDetail | None) -> None:
        """Keep what the service said about the failure."""
        self.job_id = job_id
        self.failure = failure
        reason = _readable(failure) if failure is not None else "the service gave no reason"
        super().__init__(f"job {job_id} failed: {reason}")


class StillRunning(OrichalcumError):  # noqa: N818
    """The job has not ended yet."""

    def __init__(self, job_id: str, state: str) -> None:
        """Say in which state the job is."""
        self.job_id = job_id
        self.state = state
        super().__init__(
            f"job {job_id} is {state}: it has no answer yet; follow it with 'orichalcum watch {job_id}'"
        )


class MapNotReady(OrichalcumError):  # noqa: N818
    """No worker has computed a map yet."""

    def __init__(self, job_id: str, seconds: float, what: str = "the map of") -> None:
        """Say how long it was waited for."""
        self.job_id = job_id
        super().__init__(
            f"{what} job {job_id} was not computed within {seconds:g} s; is a worker running? "
            "Ask again later: it stays asked for"
        )


class NotAnswered(OrichalcumError):  # noqa: N818
    """A result does not have the answer that is asked of it; the message says what it has."""


class ServerExtraMissing(OrichalcumError):  # noqa: N818
    """What computes or serves is not installed: the bare install is the client alone."""

    def __init__(self, module: str) -> None:
        """Name the module that is missing, and the mend."""
        self.module = module
        super().__init__(
            f"this command computes on this machine, and '{module}' is not installed; "
            "install what it needs with: pip install 'orichalcum[server]'"
        )


class ExtraMissing(OrichalcumError):  # noqa: N818
    """An optional library is not installed."""

    def __init__(self, library: str, extra: str) -> None:
        """Name the library, and the extra that installs it."""
        self.library = library
        self.extra = extra
        super().__init__(f"this needs {library}, which is not installed; pip install 'orichalcum[{extra}]'")


class MixedSites(OrichalcumError):  # noqa: N818
    """A crystal has sites that hold several elements, and is wanted where each holds one."""

    def __init__(self, site: int, shown: str, what: str) -> None:
        """Name the site, what it holds, and what to do."""
        self.site = site
        super().__init__(
            f"site {site} holds {shown}, and {what} has one element a site; ask for an ordered supercell (sites=32 in "
            "Python, --sites 32), for the supercells of a verification, or for CIF or pymatgen, which hold mixtures"
        )


class LocalFailure(OrichalcumError):  # noqa: N818
    """A computation in this process could not be done, for a reason that a user can understand."""


class BadRequest(OrichalcumError):  # noqa: N818
    """A command of this machine cannot be done as asked; the message says what to mend."""


def _readable(detail: ProblemDetail) -> str:
    if detail.errors:
        from api_schemas.errors import faults_text  # pydantic, when there is something to tell

        return faults_text(detail.errors, detail.more)
    return detail.detail or detail.title


def refusal(detail: ProblemDetail) -> RequestRefused:
    """The exception that fits a problem detail, by its status."""
    by_status: dict[int, type[RequestRefused]] = {
        400: ProblemRefused,
        401: Unauthorized,
        403: Unauthorized,
        404: NotFound,
        409: Conflict,
        413: ProblemRefused,
        415: ProblemRefused,
        422: ProblemRefused,
        429: ServiceFault,
    }
    fallback = ServiceFault if detail.status >= 500 else RequestRefused
    return by_status.get(detail.status, fallback)(detail)
