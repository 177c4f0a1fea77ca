"""Jobs for drills: remind of due drills, and close abandoned ones."""

from functools import partial

from db.postgres import SYSTEM
from jobs.worker.tasks import Stores, every
from services.cluster import drills


@every("*/10 * * * *")
def remind_of_drills(stores: Stores) -> None:
    """Write to the administrators about due drills, once for each."""
    stores.database.write(drills.close_abandoned, identity=SYSTEM)
    remind = partial(drills.remind, today=stores.today(), translate=stores.translate)
    stores.send_emails(remind)
