"""The one filter over all cards of a dashboard, in its fields and in the address."""

from collections.abc import Mapping
from datetime import date
from typing import Final

import streamlit as st

from dashboard.context import today
from dashboard.ui.error_boundary import explain
from dashboard.ui.fields.days import day_field
from dashboard.ui.language import gettext as _, long_date, marked, translated
from dashboard.ui.words import capitalised
from services.analytics import dashboards
from services.analytics.cohorts import Dimension
from services.analytics.dashboards import DashboardFilter, Timespan
from services.analytics.dashboards.age_bands import AGE_BANDS
from services.analytics.dashboards.choosing import filter_by
from services.analytics.dashboards.wording import describe_filter
from services.core.errors import InvalidInput
from services.patients.records.model import SEX_LABELS, Sex

TIMESPANS: Final[Mapping[Timespan, str]] = {
    Timespan.ALL: marked("All time"),
    Timespan.LAST_MONTH: marked("Last month"),
    Timespan.LAST_THREE_MONTHS: marked("Last 3 months"),
    Timespan.LAST_TWELVE_MONTHS: marked("Last 12 months"),
    Timespan.THIS_YEAR: marked("This year"),
    Timespan.LAST_YEAR: marked("Last year"),
    Timespan.MONTHS: marked("Other months"),
}
_TIME, _SINCE, _UNTIL, _SEXES, _AGES = "time", "since", "until", "sexes", "ages"
_ADDRESSED: Final = (_TIME, _SINCE, _UNTIL, _SEXES, _AGES)


def show_filter(prefix: str, kept: DashboardFilter) -> DashboardFilter | None:
    """Draw the filter's fields; return the filter, and put it into the address.

    A dashboard opens with the filter in its address, or else with its saved one. None
    is a filter that no card can be narrowed by: the fields say why, and keep their
    values.
    """
    for name, value in _fields_of(_filter_in_address() or kept).items():
        st.session_state.setdefault(f"{prefix}_{name}", value)
    narrowed: DashboardFilter | None = st.session_state.pop(f"{prefix}_next", None)
    if narrowed is not None:
        for name, value in _fields_of(narrowed).items():
            st.session_state[f"{prefix}_{name}"] = value
    with st.container(horizontal=True, vertical_alignment="bottom"):
        timespan = st.selectbox(
            _("Period"),
            list(TIMESPANS),
            format_func=lambda each: _(TIMESPANS[each]),
            key=f"{prefix}_{_TIME}",
            width=200,
        )
        since = until = None
        if timespan is Timespan.MONTHS:
            since, until = (
                day_field(label, key=f"{prefix}_{name}", width=160)
                for label, name in ((_("From month"), _SINCE), (_("To month"), _UNTIL))
            )
        sexes = st.multiselect(
            _("Sex"),
            list(SEX_LABELS),
            format_func=lambda sex: _(SEX_LABELS[sex]),
            key=f"{prefix}_{_SEXES}",
            placeholder=_("All"),
            select_all=False,
            width=260,
        )
        ages = st.selectbox(
            _("Age"),
            ["", *AGE_BANDS],
            format_func=lambda band: band or _("All"),
            key=f"{prefix}_{_AGES}",
            width=110,
        )
        chosen = DashboardFilter(
            timespan=timespan,
            since=since,
            until=until,
            sexes=tuple(sex for sex in Sex if sex in sexes),
            age_band=ages,
        )
        _show_undo_button(prefix, chosen)
    _put_in_address(chosen, kept)
    try:
        dashboards.check_filter(chosen)
    except InvalidInput as refusal:
        explain(refusal)
        return None
    return chosen


def narrow_filter(
    prefix: str, dashboard_filter: DashboardFilter, chosen: Mapping[Dimension, str]
) -> None:
    """Narrow the filter to the values of a chosen bar, until that is undone.

    The cards are then counted again: it is another question, with all consequences.
    """
    narrowed = filter_by(dashboard_filter, chosen, today())
    if narrowed == dashboard_filter:
        return
    st.session_state[f"{prefix}_next"] = narrowed
    st.session_state[f"{prefix}_before"] = (narrowed, dashboard_filter)
    st.rerun()


def filter_words(dashboard_filter: DashboardFilter) -> str:
    """Return what a filter leaves, in the language of the page."""
    return capitalised(
        translated(describe_filter(dashboard_filter, today(), long_date))
    )


def _show_undo_button(prefix: str, chosen: DashboardFilter) -> None:
    narrowed, before = st.session_state.get(f"{prefix}_before", (None, None))
    # A filter that was changed since is no longer the one made by a bar.
    if chosen == narrowed and st.button(
        _("Undo"),
        key=f"{prefix}_undo",
        icon=":material/undo:",
        help=_("Back to the filter from before you chose a bar"),
    ):
        st.session_state[f"{prefix}_next"] = before
        st.rerun()


def _fields_of(dashboard_filter: DashboardFilter) -> Mapping[str, object]:
    return {
        _TIME: dashboard_filter.timespan,
        _SINCE: dashboard_filter.since,
        _UNTIL: dashboard_filter.until,
        _SEXES: list(dashboard_filter.sexes),
        # An address may name an age band that does not exist.
        _AGES: dashboard_filter.age_band
        if dashboard_filter.age_band in AGE_BANDS
        else "",
    }


def _filter_in_address() -> DashboardFilter | None:
    """Return the filter in the address; None without one that can be read."""
    query = st.query_params
    if not any(name in query for name in _ADDRESSED):
        return None
    try:
        return DashboardFilter(
            timespan=Timespan(query.get(_TIME, Timespan.ALL)),
            since=_day(query.get(_SINCE, "")),
            until=_day(query.get(_UNTIL, "")),
            sexes=tuple(Sex(each) for each in query.get(_SEXES, "").split(",") if each),
            age_band=query.get(_AGES, ""),
        )
    except ValueError:
        return None


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _put_in_address(chosen: DashboardFilter, kept: DashboardFilter) -> None:
    wanted = {
        name: value for name, value in st.query_params.items() if name not in _ADDRESSED
    }
    if chosen != kept:
        # Always present, so that a filter that lets everything through is one as well.
        wanted[_TIME] = chosen.timespan.value
        if chosen.since:
            wanted[_SINCE] = chosen.since.isoformat()
        if chosen.until:
            wanted[_UNTIL] = chosen.until.isoformat()
        if chosen.sexes:
            wanted[_SEXES] = ",".join(chosen.sexes)
        if chosen.age_band:
            wanted[_AGES] = chosen.age_band
    if wanted != st.query_params.to_dict():
        st.query_params.from_dict(wanted)
