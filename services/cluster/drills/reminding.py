"""Reminds administrators of drills that are due."""

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.models.replication import DrillPlan
from services.cluster.drill_kinds import SCENARIOS, DrillKind
from services.core.sentences import Sentence, Translate, untranslated
from services.messaging import administrators
from services.messaging.mail import Email, Mailer, MailNotSent

PATH: Final = "/drills"
_SUBJECT: Final = Sentence("Chartroom: a drill is due")
_log = logging.getLogger(__name__)


def remind(
    session: Session,
    mailer: Mailer,
    address: str,
    *,
    today: date | None = None,
    translate: Translate = untranslated,
) -> int:
    """Write to administrators of due drills without a reminder; return how many.

    Each reads it in the language of their pages. `today` is the date by the clinic's
    clock; without it, the date by UTC. The caller commits immediately. Raises
    MailNotSent if no administrator could be written to; it is then tried again the next
    time.
    """
    kinds = _take_due(session, today or datetime.now(UTC).date())
    if not kinds:
        return 0
    try:
        administrators.write_to_all(
            session,
            mailer,
            lambda to, language: reminder_email(
                to, kinds, address, partial(translate, language)
            ),
        )
    except MailNotSent:
        _log.warning("No administrator could be reminded of drills.")
        raise
    return len(kinds)


def reminder_email(
    to: str,
    kinds: tuple[DrillKind, ...],
    address: str,
    say: Callable[[str], str],
) -> Email:
    """Return the e-mail to an administrator; `say` translates for its reader."""
    drills = "\n".join(f"- {say(SCENARIOS[kind].title)}" for kind in kinds)
    start = Sentence(
        "Start it, or plan it for another day: {link}", link=f"{address}{PATH}"
    )
    paragraphs = (say(Sentence("It is time to practise again:")), drills, say(start))
    return Email(to, say(_SUBJECT), "\n\n".join(paragraphs) + "\n")


def _take_due(session: Session, today: date) -> tuple[DrillKind, ...]:
    """Take the drills that are due; other workers skip those that are taken."""
    due = (
        select(DrillPlan.kind)
        .where(DrillPlan.next_on <= today, DrillPlan.reminded_at.is_(None))
        .with_for_update(skip_locked=True)
    )
    taken = session.scalars(
        update(DrillPlan)
        .where(DrillPlan.kind.in_(due))
        .values(reminded_at=func.now())
        .returning(DrillPlan.kind)
        .execution_options(synchronize_session=False)
    )
    known = set(taken)
    return tuple(kind for kind in DrillKind if kind.value in known)
