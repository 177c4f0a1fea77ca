"""Makes the slots of days that come within the horizon, and withdraws others.

Whatever is killed midway is finished by the next run.
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
    """Make slots up to the horizon; runs hourly, for the midnight of any time zone."""
    del timestamp
    stores = Stores.of(context)
    extend(stores.database, stores.calendar)


def extend(database: Database, calendar: Calendar) -> None:
    """Make every doctor's slots match the plan, one doctor at a time."""
    doctor_ids = database.read_latest(plans.list_planned, identity=SYSTEM).value
    for doctor_id in doctor_ids:
        make = partial(plans.extend, doctor_ids=[doctor_id], calendar=calendar)
        database.write(make, identity=SYSTEM)
