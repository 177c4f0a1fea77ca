"""Job for analysts: counts the commonest words of large clinics ahead of time."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from db.postgres import SYSTEM, Database, DatabaseIdentity, DatabaseUnavailable
from jobs.worker.tasks import Stores, every
from services.analytics import figures
from services.analytics.cohorts import EventKind
from services.analytics.figures import LARGE_CLINIC
from services.core.errors import Unavailable

# The views of events are open to analysts only; here nobody is shown anything.
_ANALYST: Final = DatabaseIdentity("analyst")
_log = logging.getLogger(__name__)


@every("*/30 * * * *", is_alone=True)
def prepare_facets(stores: Stores) -> None:
    """Count the commonest words of each kind of event, where that takes long."""
    mailing = stores.analyst_mailing
    if mailing is None:
        return
    try:
        prepare(stores.database, now=mailing.now, smallest_group=mailing.smallest_group)
    except (DatabaseUnavailable, Unavailable) as error:
        # Until the next time they are counted when somebody asks.
        _log.warning("Facets are counted ahead later: %s.", type(error).__name__)


def prepare(
    database: Database,
    *,
    now: Callable[[], datetime],
    smallest_group: int,
    large: int = LARGE_CLINIC,
) -> None:
    """Count the facets of each kind on a replica, and keep them on the primary.

    Raises DatabaseUnavailable, Unavailable.
    """
    is_large = database.read(
        lambda session: figures.is_large_clinic(session, large), identity=_ANALYST
    ).value
    if is_large:
        for kind in EventKind:
            if kind.has_words:
                _prepare(database, kind, now=now(), smallest_group=smallest_group)


def _prepare(
    database: Database, kind: EventKind, *, now: datetime, smallest_group: int
) -> None:
    counted = database.read(
        lambda session: figures.count_commonest(
            session, kind, now=now, smallest_group=smallest_group
        ),
        identity=_ANALYST,
    ).value
    database.write(
        lambda session: figures.replace_prepared_facets(session, kind, counted),
        identity=SYSTEM,
    )
