"""Job for analysts: dashboards and watched counts that are due, and their mails."""

import logging

from db.postgres import DatabaseUnavailable
from jobs.analytics.alerting import check_due
from jobs.analytics.mailing import send
from jobs.worker.tasks import Stores, every
from services.core.errors import Unavailable

_log = logging.getLogger(__name__)


@every("* * * * *", is_alone=True)
def send_to_analysts(stores: Stores) -> None:
    """Make due dashboards, count watched counts, and send the mails that wait.

    Without a mail server dashboards stay due: each is sent once there is one.
    """
    mailing, mailer = stores.analyst_mailing, stores.mailer
    if mailing is None:
        return
    try:
        if mailing.watches_counts:
            check_due(stores.database, mailing, is_mailed=mailer is not None)
        if mailing.sends_dashboards and mailer is not None:
            mailing.run_due(stores.database)
    except (DatabaseUnavailable, Unavailable) as error:
        # It is due again a minute later; what is made already need not wait for it.
        _log.warning(
            "Subscriptions that are due are sent later: %s.", type(error).__name__
        )
    if mailer is not None:
        send(stores.database, mailer, mailing)
