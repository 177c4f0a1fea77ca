"""Makes the slots of days that come within the horizon, and withdraws others.

Whatever is killed midway is finished by the next run.
"""

from functools import partial

from db.postgres import SYSTEM, Database
from jobs.worker.tasks import Stores, every
from services.visits.schedule import plans
from services.visits.schedule.plans import Calendar


@every("11 * * * *", is_alone=True)
def extend_plans(stores: Stores) -> None:
    """Make slots up to the horizon; runs hourly, for the midnight of any time zone."""
    extend(stores.database, stores.calendar)


def extend(database: Database, calendar: Calendar) -> None:
    """Make every doctor's slots match the plan, one doctor at a time."""
    doctor_ids = database.read_latest(plans.list_planned, identity=SYSTEM).value
    for doctor_id in doctor_ids:
        make = partial(plans.extend, doctor_ids=[doctor_id], calendar=calendar)
        database.write(make, identity=SYSTEM)
