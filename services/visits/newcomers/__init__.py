"""Newcomers: people who are not patients yet, and the visits that they book themselves.

A newcomer has a slot, a name and an e-mail address proved by a code, and no record: the
desk turns the booking into a patient's visit when they come.
"""

from services.visits.newcomers import limits as limits
from services.visits.newcomers.changing import (
    cancel as cancel,
    move as move,
)
from services.visits.newcomers.confirming import (
    confirm as confirm,
    require_confirmed as require_confirmed,
)
from services.visits.newcomers.desk import (
    cancel_for_clinic as cancel_for_clinic,
    get_newcomer as get_newcomer,
    list_between as list_between,
    register as register,
)
from services.visits.newcomers.holding import (
    hold as hold,
    release as release,
    require_held as require_held,
)
from services.visits.newcomers.reading import (
    find as find,
    list_free as list_free,
)
from services.visits.newcomers.records import (
    NewcomerRecord as NewcomerRecord,
    NewcomerRequest as NewcomerRequest,
    NewcomerStatus as NewcomerStatus,
)
from services.visits.newcomers.tidying import (
    expire_due as expire_due,
    forget as forget,
)
