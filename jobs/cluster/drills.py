"""Jobs for drills: remind of due drills, and close abandoned ones."""

from functools import partial

from procrastinate import JobContext

from db.postgres import SYSTEM
from jobs.worker.tasks import Stores, queue
from services.cluster import drills


@queue.periodic(cron="*/10 * * * *")
@queue.task(
    name="remind_of_drills", queueing_lock="remind_of_drills", pass_context=True
)
def remind_of_drills(context: JobContext, timestamp: int) -> None:
    """Write to the administrators about due drills, once for each."""
    del timestamp
    stores = Stores.of(context)
    stores.database.write(drills.close_abandoned, identity=SYSTEM)
    remind = partial(drills.remind, today=stores.today(), translate=stores.translate)
    stores.send_emails(remind)
