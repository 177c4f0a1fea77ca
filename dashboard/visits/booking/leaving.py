"""What ends when somebody leaves the page of booking.

Their holds are released as soon as they leave the page on which they took them: the
shell calls `release_on_leaving` for every page. A closed tab reports that itself, see
the countdown.
"""

from contextlib import suppress
from typing import TYPE_CHECKING, Final
from uuid import UUID

import streamlit as st

from dashboard.ui.language import gettext as _
from dashboard.ui.notices import notify
from services.core.errors import ServiceError

if TYPE_CHECKING:
    from services.visits.booking.bookings import BookingRecord

HELD: Final = "booking_held"
# Times that the page shows and somebody else holds: offers of the waiting list, mostly.
OFFERED: Final = "booking_offered"
BOOKED: Final = "booking_booked"
# The time lost to somebody quicker, and the request that a rule prevented.
LOST: Final = "booking_lost"
REFUSED: Final = "booking_refused"
# The time chosen last on this page, until it or another one is confirmed.
CHOSEN: Final = "booking_chosen"
# The note typed for a patient's visit: another chosen time begins with it.
NOTE: Final = "booking_typed_note"
_PAGE: Final = "booking_page"


def release_on_leaving(page: str) -> None:
    """Release the holds when somebody leaves the page for another one of ours."""
    before = st.session_state.get(_PAGE)
    st.session_state[_PAGE] = page
    if before in (None, page):
        return
    for passing in (OFFERED, BOOKED, LOST, REFUSED, CHOSEN, NOTE):
        st.session_state.pop(passing, None)
    held: dict[UUID, BookingRecord] = st.session_state.get(HELD, {})
    # The hold may have run out, or the database be unreachable: then it runs out by
    # itself.
    with suppress(ServiceError):
        if held:
            # Most people hold nothing: their pages load nothing about bookings.
            from dashboard.visits.booking.own_holds import release_holds

            release_holds(list(held.values()))
            notify(
                _("Times you held but did not confirm are free again."), icon="event"
            )
    held.clear()
