"""Job for administrators: the report on last month's backups, where it is due."""

import logging

from db.postgres import DatabaseUnavailable
from jobs.worker.tasks import Stores, every
from services.core.errors import Unavailable

_log = logging.getLogger(__name__)


@every("23 * * * *", is_alone=True)
def send_backup_report(stores: Stores) -> None:
    """Send the report on the previous month to administrators who have not got it.

    It runs every hour, since a worker or a mail server may have been away.
    """
    if stores.report_mailing is None or stores.mailer is None:
        return
    try:
        stores.report_mailing.run(stores.database, stores.mailer)
    except (DatabaseUnavailable, Unavailable, OSError) as error:
        _log.warning("The backup report is sent later: %s.", type(error).__name__)
