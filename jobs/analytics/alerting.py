"""Counts watched counts, and notifies their owners of crossed lines."""

import logging
from functools import partial

from db.postgres import SYSTEM, Database, DatabaseUnavailable
from jobs.analytics.counting import SECONDS, count_and_disclose, count_figure, each_due
from jobs.analytics.mailing import AnalystMailing
from services.analytics import cohorts, count_alerts
from services.analytics.cohorts import CohortResult
from services.analytics.count_alerts import AlertState, DueAlert
from services.analytics.figures import Figure, FigureResult
from services.core.actor_database import ActorDatabase
from services.core.errors import InvalidInput, NotAllowed, Unavailable

_log = logging.getLogger(__name__)


def check_due(database: Database, mailing: AnalystMailing, *, is_mailed: bool) -> int:
    """Count what is due until time is up; return how many were counted.

    Raises DatabaseUnavailable, Unavailable: what is left stays due.
    """
    looked_at = 0
    for due in each_due(database, count_alerts.find_due, mailing.now, seconds=SECONDS):
        _check(database, mailing, due, is_mailed=is_mailed)
        looked_at += 1
    return looked_at


def _check(
    database: Database, mailing: AnalystMailing, due: DueAlert, *, is_mailed: bool
) -> None:
    try:
        state = count_alerts.state_of(due, _result_of(database, mailing, due))
    except (NotAllowed, InvalidInput):
        state = AlertState.UNKNOWN
    except (DatabaseUnavailable, Unavailable):
        raise
    except Exception as error:
        # Only the kind of error: its message may quote what somebody typed. Others are
        # due behind it.
        _log.error("A watched count could not be checked: %s.", type(error).__name__)
        later = partial(count_alerts.postpone, due=due, now=mailing.now())
        database.write(later, identity=SYSTEM)
        return
    note = partial(
        count_alerts.record_state,
        due=due,
        state=state,
        now=mailing.now(),
        sender=mailing.sender,
        is_mailed=is_mailed,
        wording=mailing.wording(due.language),
    )
    database.write(note, identity=SYSTEM)


def _result_of(
    database: Database, mailing: AnalystMailing, due: DueAlert
) -> CohortResult | FigureResult:
    """Return what the owner's page would show: counted on a replica, then disclosed."""
    as_owner, owner = ActorDatabase(database, due.owner), due.owner
    question, now, least = due.question, mailing.now(), mailing.smallest_group
    if isinstance(question, Figure):
        return count_figure(as_owner, question, now=now, smallest_group=least)
    return count_and_disclose(
        as_owner,
        lambda session: cohorts.count(
            session, owner, question, now=now, smallest_group=least
        ),
    )
