"""Notifies administrators of records opened outside a clinician's patients."""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.models.care import BreakGlassAccess
from services.messaging import administrators
from services.messaging.mail import Email, Mailer, MailNotSent

PATH: Final = "/break_glass_review"
# Older accesses are not mailed; they are still listed on the page.
_NOTIFIED_WITHIN: Final = timedelta(days=7)
_ENGLISH: Final = "en"
_SUBJECTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        _ENGLISH: "Chartroom: a record was opened outside a clinician's patients",
        "de": "Chartroom: Eine Akte wurde über den Notfallzugriff geöffnet",
    }
)
_TEXTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        _ENGLISH: """\
A clinician has given a reason and opened a record outside their own patients. \
Please look into it:

{link}

What waits for review: {ids}

This letter names nobody on purpose: mail is a postcard.
""",
        "de": """\
Eine Ärztin oder ein Arzt hat eine fremde Akte über den Notfallzugriff geöffnet und \
einen Grund angegeben. Bitte prüfen Sie das:

{link}

Noch nicht geprüft: {ids}

Diese E-Mail nennt mit Absicht keine Namen, denn sie ist so offen wie eine Postkarte.
""",
    }
)
_log = logging.getLogger(__name__)


def notify_administrators(
    session: Session, mailer: Mailer, address: str, *, usual_language: str = _ENGLISH
) -> int:
    """E-mail the administrators about new accesses; return how many there were.

    Each reads it in the language of their pages: the one they chose, or the clinic's
    usual one. An access counts as notified once one e-mail is out; the caller commits
    right then. If no administrator can be written to, MailNotSent leaves all accesses
    for the next run.
    """
    accesses = _take_unnotified(session)
    if not accesses:
        return 0
    try:
        administrators.write_to_all(
            session,
            mailer,
            lambda to, language: notification(
                to, accesses, address, language=language or usual_language
            ),
        )
    except MailNotSent:
        _log.warning(
            "No administrator could be notified of %d accesses.", len(accesses)
        )
        raise
    return len(accesses)


def notification(
    to: str, accesses: Sequence[UUID], address: str, *, language: str
) -> Email:
    """Return the e-mail to an administrator: ids and a link to the page, no names."""
    spoken = language if language in _TEXTS else _ENGLISH
    ids = ", ".join(map(str, accesses))
    text = _TEXTS[spoken].format(link=f"{address}{PATH}", ids=ids)
    return Email(to, _SUBJECTS[spoken], text)


def _take_unnotified(session: Session) -> tuple[UUID, ...]:
    """Take the accesses not yet notified; other workers skip them meanwhile."""
    unnotified = (
        select(BreakGlassAccess.id)
        .where(
            BreakGlassAccess.notified_at.is_(None),
            BreakGlassAccess.created_at > func.now() - _NOTIFIED_WITHIN,
        )
        .with_for_update(skip_locked=True)
    )
    taken = session.scalars(
        update(BreakGlassAccess)
        .where(BreakGlassAccess.id.in_(unnotified))
        .values(notified_at=func.now())
        .returning(BreakGlassAccess.id)
        .execution_options(synchronize_session=False)
    )
    return tuple(sorted(taken))
