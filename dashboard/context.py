"""What a page may use: the actor, reads and writes, today's date, the file store.

Pages never see an engine.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.orm import Session

from dashboard import wiring
from dashboard.ui.clock import in_zone, now, time_of_day, today
from dashboard.web.page_context.file_stores import files, ingest, inspector
from dashboard.web.page_context.page_actor import (
    actor_database,
    current_actor,
    current_sign_in,
    require,
)
from dashboard.web.page_context.page_reads import (
    CachedRead,
    ReadAsOf,
    forget_reads,
    freshness,
    known_diagnoses,
    known_drugs,
    last_write,
    read,
    read_ahead,
    read_all,
    read_document_list,
    read_elsewhere,
    read_shared_visits,
    read_with,
    reading_as_of_now,
    remember_write,
    visit_changes_mark,
)
from db.postgres import DatabaseUnavailable, NoPrimary, OutcomeUnknown
from services.core.errors import Conflict, NotSaved, Unavailable
from services.core.sentences import Sentence

if TYPE_CHECKING:
    from services.cluster.operations import OperationRequest, RunningOperation

__all__ = [
    "CachedRead",
    "ReadAsOf",
    "act_on_servers",
    "counting_upload",
    "current_actor",
    "current_sign_in",
    "files",
    "freshness",
    "in_zone",
    "ingest",
    "inspector",
    "known_diagnoses",
    "known_drugs",
    "last_write",
    "now",
    "read",
    "read_ahead",
    "read_all",
    "read_document_list",
    "read_elsewhere",
    "read_shared_visits",
    "read_with",
    "reading_as_of_now",
    "require",
    "today",
    "visit_changes_mark",
    "write",
]

T = TypeVar("T")


def write(operation: Callable[[Session], T], *, gives_way: bool = False) -> T:
    """Return what the operation wrote, once committed.

    Its receipt is written in the same transaction, so a commit whose answer was lost is
    recognised instead of repeated. It waits for a change of the primary; a write that
    `gives_way` is dispensable, and waits only until pages are read-only. Raises
    NotSaved, and Unavailable if nobody knows whether it was saved.
    """
    try:
        written = actor_database().write(operation, gives_way=gives_way)
    except Conflict:
        # What is kept is older than the change that this one was in conflict with.
        forget_reads()
        raise
    except OutcomeUnknown as error:
        raise Unavailable(
            "The database became unavailable while saving, and it is not known "
            "whether the change was saved. Check before you save it again."
        ) from error
    except NoPrimary as error:
        if wiring.current().site.is_following:
            raise NotSaved(
                "Nothing can be saved here: this is a standby site. Save it at the "
                "main site, or here once an administrator promotes this one. What you "
                "typed is still here."
            ) from error
        raise NotSaved(
            Sentence(
                "Nothing can be saved since {time}: no server leads the database. "
                "What you typed is still here; save it once the note at the bottom of "
                "the page is gone.",
                time=time_of_day(in_zone(error.since)),
            )
        ) from error
    except DatabaseUnavailable as error:
        raise NotSaved(
            "Database failover in progress, so nothing was saved. What you typed is "
            "still here: try again in a few seconds."
        ) from error
    remember_write(written.lsn)
    return written.value


def act_on_servers(order: "OperationRequest") -> "RunningOperation | None":
    """Start an operation on the database servers; return None if it is for later.

    Raises what OperationRunner.start raises, and Unavailable.
    """
    try:
        return wiring.current().runner.start(
            actor_database(), order, session_id=current_sign_in()
        )
    except DatabaseUnavailable as error:
        raise Unavailable(
            "Database failover in progress, so nothing was started. Check the servers "
            "and try again in a few seconds."
        ) from error


def counting_upload() -> AbstractContextManager[None]:
    """Count a file that this person files inside; raises LimitReached.

    One that is refused counts as sent, and not as filed.
    """
    return actor_database().counting_upload(wiring.current().throttle)
