"""Job for administrators: the report on last month's backups, where it is due."""

import logging

from procrastinate import JobContext

from db.postgres import DatabaseUnavailable
from jobs.worker.tasks import Stores, queue
from services.core.errors import Unavailable

_log = logging.getLogger(__name__)


@queue.periodic(cron="23 * * * *")
@queue.task(
    name="send_backup_report",
    queueing_lock="send_backup_report",
    lock="send_backup_report",
    pass_context=True,
)
def send_backup_report(context: JobContext, timestamp: int) -> None:
    """Send the report on the previous month to administrators who have not got it.

    It runs every hour, since a worker or a mail server may have been away.
    """
    del timestamp
    stores = Stores.of(context)
    if stores.report_mailing is None or stores.mailer is None:
        return
    try:
        stores.report_mailing.run(stores.database, stores.mailer)
    except (DatabaseUnavailable, Unavailable, OSError) as error:
        _log.warning("The backup report is sent later: %s.", type(error).__name__)
