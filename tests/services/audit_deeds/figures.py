"""Deeds with the figures of booking, and with its proof."""

from datetime import UTC

from services import booking_statistics, proving
from services.actors import Role
from services.audit import Action
from services.booking_statistics import Period
from tests.services.audit_deeds.world import TODAY, Deed, World, deed


@deed(Action.STATISTICS_READ)
def statistics_read(w: World) -> Deed:
    admin = w.somebody(Role.ADMIN).actor
    period = Period(TODAY, TODAY)
    return lambda: booking_statistics.look(w.session, admin, period, UTC)


@deed(Action.BOOKING_PROVE)
def booking_prove(w: World) -> Deed:
    admin = w.somebody(Role.ADMIN).actor
    scratch = proving.lay_out(w.session, 1)
    proof = proving.judge(w.session, scratch, [], processes=1, seconds=0.0)
    return lambda: proving.clear(w.session, scratch, proof, admin)
