"""Makes the slots of the days that come into reach, and lets go of others.

Whatever is killed in the middle is done by the next run.
"""

from functools import partial

from procrastinate import JobContext

from db.postgres import SYSTEM, Database
from jobs.worker.tasks import Stores, queue
from services.visits.schedule import plans
from services.visits.schedule.plans import Calendar


@queue.periodic(cron="11 * * * *")
@queue.task(
    name="extend_plans",
    lock="extend_plans",
    queueing_lock="extend_plans",
    pass_context=True,
)
def extend_plans(context: JobContext, timestamp: int) -> None:
    """Make slots as far ahead as people may book; asked hourly, for any midnight."""
    del timestamp
    stores = Stores.of(context)
    extend(stores.database, stores.calendar)


def extend(database: Database, calendar: Calendar) -> None:
    """Make every doctor's slots what the plan is, one doctor at a time."""
    doctor_ids = database.read_latest(plans.list_planned, identity=SYSTEM).value
    for doctor_id in doctor_ids:
        make = partial(plans.extend, doctor_ids=[doctor_id], calendar=calendar)
        database.write(make, identity=SYSTEM)
