"""Sentences that the command line prints instead of a traceback."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import typer
from typer.core import TyperGroup

_NO_TIME: Final = "{word!r} is not a time: write it like 2026-11-25T14:03."
# A word that somebody typed may be quoted, unlike the value of a setting.
_WRONG_VALUES: Final = {
    "int_parsing": "{word!r} is not a whole number.",
    "uuid_parsing": "{word!r} is not an id (a UUID).",
    "datetime_from_date_parsing": _NO_TIME,
    "datetime_parsing": _NO_TIME,
}
# What the system's loader says of a library for which there is no memory.
_UNMAPPED: Final = "failed to map segment from shared object"
_NO_MEMORY: Final = (
    "Chartroom cannot go on: there is no memory left, not even to say what needed it. "
    "End other programs, or raise the limit (ulimit -v, MemoryMax of a systemd unit, "
    "mem_limit of a container)."
)


class ExplainingGroup(TyperGroup):
    """Commands whose wrong values are refused in words, not in pydantic's."""

    # Typer does not export the class of the contexts that its groups are given.
    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named. Raises BadParameter."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = _refusal(error)
            raise


def _refusal(error: typer.BadParameter) -> str:
    from pydantic import ValidationError

    from db.settings import explain_problem

    if not isinstance(error.__cause__, ValidationError):
        return error.message
    problem = error.__cause__.errors()[0]
    if words := _WRONG_VALUES.get(problem["type"]):
        return words.format(word=problem["input"])
    return f"{explain_problem(problem)}."


@contextmanager
def explain_lost_output() -> Iterator[None]:
    """Exit with a sentence if standard output takes no more, such as on a full disk."""
    try:
        yield
    except OSError as error:
        reason = _reason_for_lost_output()
        if reason is None:
            # It is another file's error.
            raise
        typer.echo(
            f"The output could not be written ({reason}). What the command did "
            "before that stands.",
            err=True,
        )
        # Python would try once more at the end, and complain itself.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from error


def _reason_for_lost_output() -> str | None:
    """Return why standard output takes no more; None if it takes the end of a line."""
    try:
        sys.stdout.write("\n")
        sys.stdout.flush()
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return None


@contextmanager
def explain_errors() -> Iterator[None]:
    """Exit with a sentence instead of a traceback for errors that one can act on."""
    try:
        yield
    except Exception as error:
        sentence = _explain(error)
        if sentence is None:
            raise
        typer.echo(sentence, err=True)
        raise typer.Exit(1) from error


def _explain(error: Exception) -> str | None:
    """Return the sentence for an error; one of its own if no memory is left for it."""
    try:
        return _sentence(error)
    except (ImportError, MemoryError, SystemError) as lack:
        # Explaining takes libraries, which take memory: without it, Python itself has
        # internal errors.
        if isinstance(lack, ImportError) and _UNMAPPED not in str(lack):
            raise
        return _NO_MEMORY


@contextmanager
def explain_interruption(what_is_left: Callable[[], str]) -> Iterator[None]:
    """Say what is left of a command that Ctrl-C, or a signal like it, has ended."""
    try:
        yield
    except KeyboardInterrupt:
        # A terminal that is closed takes no more.
        with suppress(OSError):
            typer.echo(f"Stopped: {what_is_left()}", err=True)
        raise


def _sentence(error: Exception) -> str | None:
    from psycopg2 import OperationalError
    from pydantic import ValidationError

    from db.settings import explain

    if isinstance(error, ValidationError):
        return explain(error)
    from dashboard.web.startup_checks import CannotServe
    from dashboard.wiring import NotRunning
    from db.backups.backup_errors import CannotBackUp, CannotRestore
    from db.embedded import CannotStart
    from db.embedded.processes import shortages
    from db.files.file_keys import UnusableFileKeys
    from db.files.seal_keys import UnusableKey
    from db.files.signing_keys import UnusableSigningKey
    from db.postgres import DatabaseUnavailable
    from db.schema import CannotMigrate
    from jobs.cluster.practice import CannotDrill
    from services.core.errors import ServiceError

    lacking = (
        DatabaseUnavailable,
        ImportError,
        MemoryError,
        OperationalError,
        OSError,
        RuntimeError,
    )
    if isinstance(error, lacking) and (short := shortages.explain(repr(error))):
        return f"Chartroom cannot go on: {short}."
    if isinstance(error, DatabaseUnavailable):
        reason = str(error).rstrip(".").lower()
        return (
            f"The database does not answer ({reason}): check that it is running and, "
            "if it is one of your own, that CHARTROOM_DATABASE_URL is right."
        )
    if setting := _address_of(error):
        return (
            f"{error} Check that it is running and, if it is one of your own, that "
            f"{setting} is right."
        )
    known = (
        CannotBackUp,
        CannotDrill,
        CannotMigrate,
        CannotRestore,
        CannotServe,
        CannotStart,
        NotRunning,
        ServiceError,
        UnusableFileKeys,
        UnusableSigningKey,
        UnusableKey,
    )
    return str(error) if isinstance(error, known) else None


def _address_of(error: Exception) -> str | None:
    """Return the setting with the address of the store that does not answer."""
    from db.files.gridfs import FileStoreUnavailable
    from db.mongo.audit_store import AuditStoreUnavailable
    from db.mongo.draft_store import DraftsUnavailable

    if isinstance(error, AuditStoreUnavailable):
        return "CHARTROOM_AUDIT_MONGO_URL"
    is_of_files = isinstance(error, (FileStoreUnavailable, DraftsUnavailable))
    return "CHARTROOM_MONGO_URL" if is_of_files else None
