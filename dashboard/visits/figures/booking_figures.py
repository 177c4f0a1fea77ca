"""How visits are booked, for the page of figures: read, as a file, and proven."""

from datetime import date, timedelta
from typing import Final
from urllib.parse import urlencode

import streamlit as st

from dashboard import wiring
from dashboard.context import current_actor, read_shared_visits
from dashboard.ui.clock import today, zone
from dashboard.ui.fields.days import needed_day_field
from dashboard.ui.language import decimal, gettext as _, marked, pgettext
from jobs.visits import booking_proof
from jobs.visits.booking_proof import RacersFailed
from services.core.errors import InvalidInput, Unavailable
from services.visits.booking.proving import Proof
from services.visits.figures.statistics import BookingStatistics, Figures, Period

# First and last day, counted from today.
_SPANS: Final = {
    marked("Today"): (0, 0),
    marked("Last 7 days"): (-6, 0),
    marked("Last 30 days"): (-29, 0),
    marked("Next 30 days"): (0, 29),
}
_OTHER: Final = marked("Other days")


def choose_period() -> Period:
    """Draw the choice of days, and return the chosen ones; raises InvalidInput."""
    chosen = st.radio(
        _("Days"),
        (*_SPANS, _OTHER),
        format_func=_,
        index=1,
        horizontal=True,
        key="statistics_period",
        label_visibility="collapsed",
    )
    if chosen == _OTHER:
        return _typed(today())
    first, last = _SPANS[str(chosen)]
    return Period(today() + timedelta(days=first), today() + timedelta(days=last))


def _typed(day: date) -> Period:
    with st.container(horizontal=True):
        first = needed_day_field(
            _("From"),
            day - timedelta(days=89),
            field="from",
            key="statistics_from",
            width=180,
        )
        last = needed_day_field(
            pgettext("day", "To"),
            day,
            field="to",
            key="statistics_to",
            width=180,
        )
    return Period(first.given(), last.given())


def figures_of(period: Period) -> BookingStatistics:
    """Read how visits were booked on these days."""
    return read_shared_visits(
        lambda caches, who, after: caches.statistics(who, period, zone(), after=after)
    )


def figures_before(period: Period) -> Figures | None:
    """Read the figures of equally many days before; None if they are out of range."""
    length = period.last_day - period.first_day + timedelta(days=1)
    try:
        before = Period(period.first_day - length, period.last_day - length)
    except InvalidInput:
        return None
    return figures_of(before).total


def csv_address(period: Period) -> str:
    """Return the address of exactly these figures as a file."""
    days = {"from": period.first_day.isoformat(), "to": period.last_day.isoformat()}
    return f"/files/visit-statistics.csv?{urlencode(days)}"


def prove() -> Proof:
    """Let many race for a scratch slot; raises NotAllowed, Unavailable."""
    wired = wiring.current()
    try:
        return booking_proof.prove(wired.database, wired.endpoints, current_actor())
    except RacersFailed as error:
        raise Unavailable(
            "The test stopped before everybody had an answer, so it proves nothing. "
            "Try again."
        ) from error


def proof_result(proof: Proof) -> None:
    """Return who won, how many were refused, and how long it took, as a sentence."""
    sentence = _(
        "{attempts} attempts at one slot from {processes} processes: {won} won, {lost} "
        "were told that it is booked."
    ).format(
        attempts=proof.attempts,
        processes=proof.processes,
        won=proof.won,
        lost=proof.lost,
    )
    if proof.holds:
        verdict = _("No double booking is possible.")
        st.success(f"{sentence} {verdict}", icon=":material/verified:")
    else:
        verdict = _("Double booking is possible.")
        st.error(f"{sentence} {verdict}", icon=":material/gpp_bad:")
    if proof.others:
        st.warning(
            _("{count} got another answer, which is a defect.").format(
                count=proof.others
            )
        )
    with st.container(horizontal=True):
        st.metric(_("Took"), f"{decimal(proof.seconds, 1)} s", border=True, width=165)
        st.metric(_("Median"), f"{proof.p50_ms:.0f} ms", border=True, width=165)
        st.metric(_("99% within"), f"{proof.p99_ms:.0f} ms", border=True, width=165)
    if proof.winner:
        st.caption(
            _("Booking {booking} got the slot, and no other did.").format(
                booking=proof.winner
            )
        )
