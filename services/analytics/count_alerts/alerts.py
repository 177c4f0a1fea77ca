"""Alerts on counts as they are kept: made, listed, changed, deleted by their owner."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Select, delete as delete_rows, func, select
from sqlalchemy.orm import Session

from db.models.view import AnalystMail, CountAlert
from db.postgres import assume_role
from services.analytics import cohorts, figures
from services.analytics.cohorts import Cohort
from services.analytics.count_alerts.model import (
    LONGEST_NAME,
    AlertState,
    CountAlertDraft,
    CountAlertRecord,
)
from services.analytics.figures import Figure, FigureMeasure
from services.core import audit, throttling
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import Conflict, InvalidInput, NotFound
from services.core.sentences import Sentence
from services.core.typed_text import read_line
from services.messaging import user_notifications
from services.messaging.user_notifications import NotificationTopic

SUBJECT: Final = "watch"
# Fits into the column.
_HIGHEST: Final = 1_000_000_000
_COUNTED: Final = frozenset({FigureMeasure.PATIENTS, FigureMeasure.EVENTS})


class TooManyCountAlerts(Conflict):
    """The person has as many alerts as the clinic allows."""

    def __init__(self, most: int) -> None:
        super().__init__(
            Sentence(
                "You have {most} alerts, which is the maximum. Delete one under "
                "Dashboards, then add another.",
                most=most,
            )
        )


class AlreadyWatched(Conflict):
    """The person already watches the same count at the same threshold."""

    def __init__(self) -> None:
        super().__init__(
            "You already watch this count at this threshold. It is listed under "
            "Dashboards."
        )


def list_alerts(session: Session, actor: Actor) -> tuple[CountAlertRecord, ...]:
    """Return the actor's own alerts, the oldest first; raises NotAllowed."""
    actor.require(Permission.COUNT_COHORTS)
    rows = session.scalars(
        select(CountAlert)
        .where(CountAlert.owner_id == actor.id)
        .order_by(CountAlert.created_at, CountAlert.id)
    )
    return tuple(
        CountAlertRecord(
            id=row.id,
            name=row.name,
            key=row.criteria_key,
            is_above=row.is_above,
            line=row.line,
            state=AlertState(row.state),
            checked_at=row.checked_at,
            crossed_at=row.crossed_at,
        )
        for row in rows
    )


def create(
    session: Session,
    actor: Actor,
    draft: CountAlertDraft,
    *,
    now: datetime,
    most: int,
    smallest_group: int,
) -> UUID:
    """Watch a count from now on, and return the alert's id; the caller commits.

    `most` is how many alerts a person may have. Raises InvalidInput, also for a line
    below `smallest_group`, as no such count is disclosed; TooManyCountAlerts,
    AlreadyWatched, NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    name = _checked_name(draft.name)
    _require_line(draft.line, smallest_group)
    question = draft.question
    _require_countable(question)
    _require_room(session, actor, most)
    row = CountAlert(
        owner_id=actor.id,
        name=name,
        criteria_key=(
            figures.remember(session, actor, question)
            if isinstance(question, Figure)
            else cohorts.remember(session, actor, question)
        ),
        is_above=draft.is_above,
        line=draft.line,
        next_at=now,
    )
    _require_new(session, row)
    session.add(row)
    session.flush()
    details = {
        "list": row.criteria_key,
        "line": row.line,
        "above": row.is_above,
    }
    subject = (SUBJECT, row.id)
    audit.record(
        session, actor, Action.COUNT_ALERT_ADD, subject=subject, details=details
    )
    return row.id


def change(
    session: Session,
    actor: Actor,
    alert_id: UUID,
    *,
    name: str,
    is_above: bool,
    line: int,
    now: datetime,
    smallest_group: int,
) -> None:
    """Change the name or the threshold of one of the actor's alerts.

    With another threshold the count is checked again, and what was told about the old
    one is taken back: by the bell, and by mail if that still waits. The caller commits.
    Raises InvalidInput, AlreadyWatched, NotFound, NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    name = _checked_name(name)
    _require_line(line, smallest_group)
    # Analysts may not change the state of a count; in their own alerts, only what is
    # watched.
    with assume_role(session, "system"):
        row = session.scalars(_own(actor, alert_id).with_for_update()).one_or_none()
        if row is None:
            raise _no_such()
        wanted = {
            "name": (row.name, name),
            "above": (row.is_above, is_above),
            "line": (row.line, line),
        }
        changed = {
            field: values for field, values in wanted.items() if len(set(values)) > 1
        }
        if not changed:
            return
        row.name, row.is_above, row.line = name, is_above, line
        _require_new(session, row)
        if changed.keys() != {"name"}:
            _reset_check(session, row, now)
        session.flush()
    audit.record(
        session,
        actor,
        Action.COUNT_ALERT_CHANGE,
        subject=(SUBJECT, alert_id),
        details={"list": row.criteria_key, "changed": changed},
    )


def delete(session: Session, actor: Actor, alert_id: UUID) -> None:
    """Delete one of the actor's alerts; the caller commits.

    Raises NotFound, NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    row = session.scalars(_own(actor, alert_id)).one_or_none()
    if row is None:
        raise _no_such()
    session.delete(row)
    session.flush()
    audit.record(session, actor, Action.COUNT_ALERT_DELETE, subject=(SUBJECT, alert_id))


def _own(actor: Actor, alert_id: UUID) -> Select[CountAlert]:
    return select(CountAlert).where(
        CountAlert.id == alert_id, CountAlert.owner_id == actor.id
    )


def _no_such() -> NotFound:
    return NotFound("There is no such alert of yours. Open Dashboards again.")


def _reset_check(session: Session, row: CountAlert, now: datetime) -> None:
    """Make an alert due as if it had never been checked; the row is locked.

    A worker that is counting for the old threshold discards its result.
    """
    row.state, row.next_at = AlertState.UNKNOWN.value, now
    row.checked_at = row.crossed_at = None
    user_notifications.take_back(session, NotificationTopic.COUNT, row.id)
    waiting = delete_rows(AnalystMail).where(AnalystMail.alert_id == row.id)
    session.execute(waiting.execution_options(synchronize_session=False))


def _require_new(session: Session, wanted: CountAlert) -> None:
    """Raise AlreadyWatched if another alert watches the same: both would notify."""
    twins = select(CountAlert.id).where(
        CountAlert.id.is_distinct_from(wanted.id),
        CountAlert.owner_id == wanted.owner_id,
        CountAlert.criteria_key == wanted.criteria_key,
        CountAlert.is_above == wanted.is_above,
        CountAlert.line == wanted.line,
    )
    if session.scalars(twins.limit(1)).first() is not None:
        raise AlreadyWatched


def _checked_name(name: str) -> str:
    """Return an alert's name; raises InvalidInput, in a sentence."""
    name = read_line("name", name, LONGEST_NAME)
    if not name:
        raise InvalidInput("name", "Give the alert a name.")
    return name


def _require_line(line: int, k: int) -> None:
    if line < k:
        raise InvalidInput(
            "line",
            Sentence(
                "Counts below {k} are not shown, so there can be no alert about them. "
                "Choose a threshold of {k} or more.",
                k=k,
            ),
        )
    if line > _HIGHEST:
        raise InvalidInput("line", "Choose a lower threshold: no clinic has that many.")


def _require_countable(question: Cohort | Figure) -> None:
    if isinstance(question, Figure) and question.measure not in _COUNTED:
        raise InvalidInput(
            "question",
            "An alert watches a number of patients or of events. Choose one of these, "
            "or watch how many remain.",
        )


def _require_room(session: Session, actor: Actor, most: int) -> None:
    throttling.await_turn(session, actor, "count_alerts")
    own = CountAlert.owner_id == actor.id
    if session.scalars(select(func.count()).where(own)).one() >= most:
        raise TooManyCountAlerts(most)
