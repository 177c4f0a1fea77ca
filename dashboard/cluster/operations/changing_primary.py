"""The form that makes another server the primary, now or at a set time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import streamlit as st

from dashboard.cluster.operations.cluster_view import usual_wait
from dashboard.cluster.operations.dry_run import (
    candidate_words,
    show_candidate,
    show_preview,
)
from dashboard.cluster.operations.operation_requests import (
    ask_reason,
    cancel,
    start_operation,
)
from dashboard.context import in_zone, now
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields.days import (
    needed_day_field,
    needed_time_field,
    on_clinic_clock,
)
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.language.recorded_sentences import translate_recorded
from dashboard.ui.words import at, plain
from services.cluster.operations import (
    FailoverCandidate,
    OperationKind,
    OperationPreview,
    OperationRequest,
    PlannedSwitchover,
)

_PAGE: Final = "switchover"
_NOW: Final = marked("Now")
_LATER: Final = marked("At a time")


def show_planned(planned: PlannedSwitchover) -> None:
    """Show the planned switchover, and offer to cancel it."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            _("A switchover to **{server}** is planned for {time} by {name}.").format(
                server=plain(planned.node or ""),
                time=at(planned.at),
                name=plain(planned.actor_name),
            ),
            width="stretch",
        )
        is_wanted = st.button(
            _("Cancel it"), key="switchover_cancel", icon=":material/event_busy:"
        )
    if is_wanted:
        cancel(planned.id)


def show_primary_form(previewed: OperationPreview) -> None:
    """Show the dry run, ask for server, time and reason, and start the operation."""
    show_preview(previewed, usual_wait())
    names = [
        candidate.name for candidate in previewed.candidates if candidate.is_eligible
    ]
    for candidate in previewed.candidates:
        if not candidate.is_eligible:
            st.caption(
                _("{server} cannot lead: {reason}").format(
                    server=plain(candidate.name),
                    reason=plain(translate_recorded(candidate.reason)),
                )
            )
    if not names:
        return
    name = st.radio(
        _("New primary"),
        names,
        key="switchover_to",
        horizontal=True,
        format_func=lambda candidate: candidate_words(previewed, candidate),
    )
    chosen = previewed.candidate(name)
    if chosen is not None:
        show_candidate(previewed, chosen)
        _show_decision(previewed, chosen)


def _show_decision(previewed: OperationPreview, chosen: FailoverCandidate) -> None:
    is_planned = previewed.kind is OperationKind.SWITCHOVER
    timestamp = _ask_timestamp() if is_planned else None
    reason = ask_reason(_PAGE)
    typed = "" if chosen.is_certain else _ask_typed(chosen)
    if st.button(
        _label(previewed, chosen, is_later=timestamp is not None),
        type="primary",
        key="switchover_do",
        icon=":material/swap_horiz:",
    ):
        with error_boundary():
            start_operation(
                OperationRequest(
                    previewed.kind,
                    reason,
                    chosen.name,
                    typed=typed,
                    scheduled_at=timestamp() if timestamp else None,
                )
            )


def _ask_timestamp() -> Callable[[], datetime] | None:
    """Ask when; return a function that reads it once sent, None for at once."""
    when = st.radio(
        _("When"),
        (_NOW, _LATER),
        format_func=_,
        horizontal=True,
        key="switchover_when",
    )
    if when != _LATER:
        return None
    proposed = (in_zone(now()) + timedelta(hours=1)).replace(minute=0, second=0)
    with st.grid(2, min_column_width=240):
        day = needed_day_field(
            _("Day"),
            proposed.date(),
            field="scheduled_at",
            key="switchover_scheduled_at",
        )
        clock = needed_time_field(
            _("Time"),
            proposed.time().replace(microsecond=0),
            field="scheduled_at_time",
            key="switchover_scheduled_at_time",
        )
    return lambda: on_clinic_clock(day.given(), clock)


def _ask_typed(chosen: FailoverCandidate) -> str:
    return st.text_input(
        _("Type {server} to accept that something may be lost").format(
            server=chosen.name
        ),
        key="switchover_typed",
        autocomplete="off",
    )


def _label(
    previewed: OperationPreview, chosen: FailoverCandidate, *, is_later: bool
) -> str:
    if previewed.kind is OperationKind.FAILOVER:
        return _("Let {server} lead").format(server=chosen.name)
    label = (
        _("Plan the switchover to {server}")
        if is_later
        else _("Switch over to {server}")
    )
    return label.format(server=chosen.name)
