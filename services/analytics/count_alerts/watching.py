"""Alerts on counts as the background checks them: once a day, told once a crossing.

The background calls these functions and commits. Only disclosed numbers are checked:
those that the owner's own page would show.
"""

from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.models.user import User
from db.models.view import AnalystMail, CountAlert
from services.analytics import figures
from services.analytics.cohorts import CohortResult, SuppressionReason
from services.analytics.cohorts.checking import UnreadableCohort
from services.analytics.count_alerts.alerts import SUBJECT
from services.analytics.count_alerts.model import AlertState, DueAlert, next_check
from services.analytics.figures import FigureResult
from services.analytics.subscriptions import MailSender, may_count
from services.core import audit
from services.core.audit import Action
from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.documents.forms import ENGLISH, Wording
from services.messaging import user_notifications
from services.messaging.user_notifications import NotificationTopic
from services.people.accounts import actor_of


def find_due(session: Session, now: datetime) -> DueAlert | None:
    """Return the alert that has been due longest; None if none is due.

    Alerts whose owner may not count cohorts at present are skipped.
    """
    rows = session.execute(
        select(CountAlert, User)
        .join(User, User.id == CountAlert.owner_id)
        .where(CountAlert.next_at <= now, may_count())
        .order_by(CountAlert.next_at, CountAlert.id)
    )
    for row, user in rows:
        owner = actor_of(user)
        # What a newer version kept waits for a worker of that version.
        with suppress(UnreadableCohort, InvalidInput):
            return DueAlert(
                id=row.id,
                due_at=row.next_at,
                owner=owner,
                name=row.name,
                question=figures.recall(session, owner, row.criteria_key),
                is_above=row.is_above,
                line=row.line,
                language=user.language,
            )
    return None


def state_of(due: DueAlert, result: CohortResult | FigureResult) -> AlertState:
    """Return on which side of the line the disclosed numbers are.

    A hidden number is on neither side, unless it is hidden only because it is smaller
    than any line.
    """
    if isinstance(result, CohortResult):
        last = result.attrition[-1].remaining
        if last.hidden is SuppressionReason.FEW and result.smallest_group <= due.line:
            return AlertState.WITHIN if due.is_above else AlertState.BEYOND
        numbers = [last.number]
    else:
        numbers = [cell.number for cell in result.cells]
    known = [number for number in numbers if number is not None]
    if not known:
        return AlertState.UNKNOWN
    is_beyond = max(known) > due.line if due.is_above else min(known) < due.line
    return AlertState.BEYOND if is_beyond else AlertState.WITHIN


def record_state(
    session: Session,
    due: DueAlert,
    state: AlertState,
    *,
    now: datetime,
    sender: MailSender,
    is_mailed: bool,
    wording: Wording = ENGLISH,
) -> None:
    """Keep the state of a count, and tell its owner if it has crossed the line.

    The owner is told by the bell, and by mail if the clinic sends any, in a language
    that `wording` knows. If no number was disclosed, the state remains as it was.
    """
    row = _still_due(session, due)
    if row is None:
        return
    has_crossed = state is AlertState.BEYOND and row.state != state.value
    if state is not AlertState.UNKNOWN:
        row.state = state.value
    row.checked_at, row.next_at = now, next_check(now)
    if not has_crossed:
        return
    row.crossed_at = now
    _notify_owner(session, row.id, row.owner_id)
    if is_mailed:
        session.add(_mail(due, sender, wording))
    audit.record(
        session,
        due.owner,
        Action.COUNT_ALERT_TELL,
        subject=(SUBJECT, row.id),
        details={"line": row.line, "above": row.is_above},
    )


def record_crossing(session: Session, alert_id: UUID, at: datetime) -> None:
    """Keep a crossing that was told, but that the rows no longer know of.

    For use after the clinic went back in time. The crossing is not mailed again; it is
    told again by the bell, whose earlier entry went with the rows.
    """
    owner_id = session.scalar(
        update(CountAlert)
        .where(CountAlert.id == alert_id)
        .values(state=AlertState.BEYOND.value, crossed_at=at)
        .returning(CountAlert.owner_id)
        .execution_options(synchronize_session=False)
    )
    # The alert may have been made after the time of the rows.
    if owner_id is not None:
        _notify_owner(session, alert_id, owner_id)


def postpone(session: Session, due: DueAlert, *, now: datetime) -> None:
    """Postpone an alert that could not be counted to the next morning."""
    row = _still_due(session, due)
    if row is not None:
        row.next_at = next_check(now)


def _notify_owner(session: Session, alert_id: UUID, owner_id: UUID) -> None:
    """Tell the owner by the bell, of the latest crossing only."""
    topic = NotificationTopic.COUNT
    user_notifications.take_back(session, topic, alert_id)
    user_notifications.tell(session, topic, User.id == owner_id, subject_id=alert_id)


def _mail(due: DueAlert, sender: MailSender, wording: Wording) -> AnalystMail:
    about: dict[str, Any] = {"name": due.name, "line": due.line}
    crossed = (
        Sentence("“{name}”: more than {line:,} are counted.", **about)
        if due.is_above
        else Sentence("“{name}”: fewer than {line:,} are counted.", **about)
    )
    once = Sentence(
        "It is told once, until the count has been on the other side of its line again."
    )
    subject = Sentence("{clinic}: a count has crossed its line", clinic=sender.clinic)
    values: dict[str, Any] = {
        "alert_id": due.id,
        "user_id": due.owner.id,
        "subject": wording.say(subject),
        "body": (
            f"{wording.say(crossed)} {wording.say(once)}"
            + (f"\n\n{sender.address}/dashboards" if sender.address else "")
            + "\n"
        ),
    }
    return AnalystMail(**values)


def _still_due(session: Session, due: DueAlert) -> CountAlert | None:
    return session.scalars(
        select(CountAlert)
        .where(CountAlert.id == due.id, CountAlert.next_at == due.due_at)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
