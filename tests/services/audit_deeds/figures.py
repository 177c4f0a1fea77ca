"""Deeds with the figures of booking."""

from services import booking_statistics
from services.actors import Role
from services.audit import Action
from services.booking_statistics import Period
from tests.services.audit_deeds.world import TODAY, Deed, World, deed


@deed(Action.STATISTICS_READ)
def statistics_read(w: World) -> Deed:
    admin = w.somebody(Role.ADMIN).actor
    period = Period(TODAY, TODAY)
    return lambda: booking_statistics.record_look(w.session, admin, period)
