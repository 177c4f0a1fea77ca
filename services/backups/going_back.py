"""Going back in time as administrators request it on the page; callers commit.

The launcher does it: the web server that was asked is stopped in the process.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from db.backups.requested_restore import (
    RequestedRestore,
    lock_requests,
    note_requested,
    read_requested,
)
from services.backups.previews import RestorePreview, newest_preview
from services.core import audit, reasons
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import Conflict, InvalidInput, Unavailable
from services.core.sentences import Sentence
from services.people.sign_in import confirmations

SUBJECT: Final = "going back"
# For this long a comparison is accepted as what going back would undo.
COMPARED_WITHIN: Final = timedelta(minutes=15)


class GoingBackAlready(Conflict):
    """Going back was requested already; one at a time is enough."""

    def __init__(self) -> None:
        super().__init__(
            "The clinic is already going back in time: wait until that has ended."
        )


class NotCompared(Conflict):
    """What going back would undo has not been compared, or not just now."""

    def __init__(self) -> None:
        super().__init__(
            "What going back would undo was compared too long ago, or somebody has "
            "compared another time since: compare again, and check the result. "
            "Nothing was changed."
        )


def request_going_back(
    session: Session,
    actor: Actor,
    preview_id: UUID,
    *,
    reason: str,
    typed: str,
    clinic_name: str,
    before: RequestedRestore | None,
    session_id: UUID | None,
) -> RequestedRestore:
    """Return the order to go back to the time of a preview, and record it.

    `typed` is what was typed to confirm it: the clinic's name. `before` is the last
    order. Raises NotAllowed, NotConfirmed, InvalidInput, NotCompared and
    GoingBackAlready.
    """
    actor.require(Permission.ACT_ON_CLUSTER)
    confirmations.require_passkey_for_servers(session, actor, session_id)
    if before is not None and before.is_open:
        raise GoingBackAlready
    preview = _require_seen(newest_preview(session, actor), preview_id)
    reason = reasons.read(reason)
    if typed.strip() != clinic_name:
        raise InvalidInput(
            "typed",
            Sentence(
                "Type “{name}” to go back. Nothing was changed.", name=clinic_name
            ),
        )
    audit.record(
        session,
        actor,
        Action.BACKUP_REQUEST_GO_BACK,
        subject=(SUBJECT, preview.id),
        reason=reason,
        details={"to": preview.to.astimezone(UTC)},
    )
    return RequestedRestore(preview.to, reason, actor.id, actor.name, datetime.now(UTC))


def is_seen_just_now(preview: RestorePreview, now: datetime) -> bool:
    """Return whether what was compared still shows what going back would undo."""
    return preview.ended_at is not None and now - preview.ended_at < COMPARED_WITHIN


@contextmanager
def ordering(data: Path) -> Iterator[RequestedRestore | None]:
    """Yield the last order; nobody else gives one until the block ends.

    Raises Unavailable if none can be recorded.
    """
    with ExitStack() as held:
        with _translate_errors():
            held.enter_context(lock_requests(data))
        yield read_requested(data)


@contextmanager
def ordered(data: Path, order: RequestedRestore) -> Iterator[None]:
    """Record an order for the launcher, which the block starts; else the order is over.

    Raises Unavailable if it cannot be recorded.
    """
    with _translate_errors():
        note_requested(data, order)
    try:
        yield
    except Unavailable as error:
        ended = replace(order, ended_at=datetime.now(UTC), failure=str(error))
        note_requested(data, ended)
        raise


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(
            Sentence(
                "The order could not be written into the data folder ({why}): nothing "
                "was changed.",
                why=(error.strerror or str(error)).lower(),
            )
        ) from error


def read_going_back(actor: Actor, data: Path) -> RequestedRestore | None:
    """Return the last order, and how it went; raises NotAllowed."""
    actor.require(Permission.VIEW_REPLICATION)
    return read_requested(data)


def _require_seen(preview: RestorePreview | None, preview_id: UUID) -> RestorePreview:
    if preview is None or preview.id != preview_id or preview.counts is None:
        raise NotCompared
    if not is_seen_just_now(preview, datetime.now(UTC)):
        raise NotCompared
    return preview
