"""Asks for an earlier time, opens it, and shows what going back would undo."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import streamlit as st

from dashboard import wiring
from dashboard.backups.earlier_times.going_back import (
    find_order,
    offer_going_back,
    show_order,
)
from dashboard.backups.earlier_times.open_look import (
    newest_look,
    request_look,
    show_look,
)
from dashboard.backups.earlier_times.time_line import choose_time
from dashboard.context import current_actor, in_zone, now, read, write
from dashboard.ui.clock import zone
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import decimal, gettext as _, marked
from dashboard.ui.language.backup_failures import translate_failure
from dashboard.ui.notices import notify
from dashboard.ui.record_table import Cell, Column, Row, record_table
from dashboard.ui.words import plain, to_the_second
from services.backups import (
    BackupState,
    BackupWindow,
    LogState,
    RequestedRestore,
    previews,
)
from services.backups.looks import RestoreLook
from services.backups.previews import ChangedKind, RestorePreview
from services.core.actors import Permission
from services.core.errors import InvalidInput

_AS_OF: Final = "previews_as_of"
_COLUMNS: Final = (
    Column(marked("Kind")),
    Column(marked("Changes since then")),
    Column(marked("List")),
)
_LABELS: Final = {
    ChangedKind.PATIENTS: marked("Patients"),
    ChangedKind.DOCUMENTS: marked("Documents"),
    ChangedKind.VISITS: marked("Visits"),
    ChangedKind.NEWCOMERS: marked("Visits of newcomers"),
    ChangedKind.NOTES: marked("Notes"),
    ChangedKind.PRESCRIPTIONS: marked("Prescriptions"),
    ChangedKind.PEOPLE: marked("People who sign in"),
    ChangedKind.SIGN_INS: marked("Sign-ins"),
}
_HAPPENED: Final = {
    "registered": marked("{count} registered"),
    "filed": marked("{count} filed"),
    "booked": marked("{count} booked"),
    "written": marked("{count} written"),
    "issued": marked("{count} issued"),
    "added": marked("{count} added"),
    "signed in": marked("{count} signed in"),
    "changed": marked("{count} changed"),
    "gone": marked("{count} gone"),
    "erased": marked("{count} erased"),
    "merged": marked("{count} merged"),
    "archived": marked("{count} archived"),
    "purged": marked("{count} purged"),
    "deleted": marked("{count} deleted"),
    "held": marked("{count} held"),
    "cancelled": marked("{count} cancelled"),
    "completed": marked("{count} completed"),
    "checked-in": marked("{count} checked-in"),
    "in-progress": marked("{count} in-progress"),
    "no-show": marked("{count} no-show"),
    "moved": marked("{count} moved"),
    "expired": marked("{count} expired"),
    "withdrawn": marked("{count} withdrawn"),
    "amended": marked("{count} amended"),
    "deactivated": marked("{count} deactivated"),
    "ended": marked("{count} ended"),
}
_PROPOSED: Final = timedelta(hours=1)


def show_restore_preview() -> None:
    """Offer to compare the clinic with a time; raises the services' refusals."""
    if not wiring.current().settings.is_embedded:
        return
    was_open = _is_open(_newest(), find_order(), newest_look())

    @st.fragment(run_every="2s" if was_open else None)
    def panel() -> None:
        st.subheader(_("What going back would undo"))
        with error_boundary():
            preview, order, look = _newest(), find_order(), newest_look()
            is_open = _is_open(preview, order, look)
            if is_open is not was_open:
                st.rerun()
            if order is not None:
                show_order(order)
            is_busy = _is_open(preview, order, None)
            _ask(_state(), look, is_busy=is_busy)
            if look is not None:
                show_look(look)
            if preview is not None:
                _show(preview)
                if not is_busy:
                    offer_going_back(preview)

    panel()


def _is_open(
    preview: RestorePreview | None,
    order: RequestedRestore | None,
    look: RestoreLook | None,
) -> bool:
    """Return whether a result is still to come."""
    return bool(
        (preview and preview.is_open)
        or (order and order.is_open)
        or (look and look.is_awaited)
    )


def _newest() -> RestorePreview | None:
    actor = current_actor()
    return read(lambda session: previews.newest_preview(session, actor))


def _state() -> BackupState:
    return wiring.current().backup_reader.state(current_actor())


def _ask(state: BackupState, look: RestoreLook | None, *, is_busy: bool) -> None:
    if not current_actor().may(Permission.ACT_ON_CLUSTER):
        return
    log = state.log
    if not state.is_known:
        # The overview above says that, and why.
        return
    if not log.windows:
        empty_state(
            _(
                "Once there is a backup, this compares the clinic with any time that "
                "it leads to."
            ),
            icon="history",
        )
        return
    if _AS_OF not in st.session_state:
        st.session_state[_AS_OF] = _proposed(log.window or log.windows[-1])
    dragged_to = choose_time(state, _time_of(st.session_state[_AS_OF]))
    if dragged_to is not None:
        st.session_state[_AS_OF] = previews.write_time(in_zone(dragged_to))
        st.rerun()
    with st.form("previews_form"):
        typed = st.text_input(
            _("Day and time"),
            key=_AS_OF,
            autocomplete="off",
            help=_("In the clinic's time zone, to the second: 2026-11-25 14:03:07."),
        )
        st.caption(
            _(
                "The rows of that time are restored next to the clinic. You can "
                "compare them with those of now, or keep them open for an hour to "
                "look up single records and copy them back. Nothing is changed."
            )
        )
        with st.container(horizontal=True):
            is_wanted = st.form_submit_button(
                _("Compare"),
                key="previews_do",
                icon=":material/compare:",
                disabled=is_busy,
            )
            is_look_wanted = st.form_submit_button(
                _("Look around"),
                key="looks_do",
                icon=":material/visibility:",
                disabled=is_busy or bool(look and look.ended_at is None),
            )
    # If it is refused, the comparison below stays, with its actions.
    with error_boundary():
        if is_wanted:
            _request(typed, log)
        elif is_look_wanted:
            request_look(typed, log)


def _time_of(typed: str) -> datetime | None:
    """Return the typed time, or None if it is not one."""
    with suppress(InvalidInput):
        return previews.read_time(typed, zone())
    return None


def _request(typed: str, log: LogState) -> None:
    actor = current_actor()
    to = previews.read_time(typed, zone())
    write(lambda session: previews.request_preview(session, actor, to, log))
    notify(_("The worker is comparing. You can leave this page."), icon="compare")
    st.rerun()


def _proposed(window: BackupWindow) -> str:
    """Propose an hour ago, or the nearest time that can be reached."""
    # Written to the second, and the second must not be before the window begins.
    since = window.since + timedelta(microseconds=-window.since.microsecond % 1_000_000)
    latest = max(since, min(now() - _PROPOSED, window.until))
    return previews.write_time(in_zone(latest))


def _show(preview: RestorePreview) -> None:
    name, to = plain(preview.requested_by_name), to_the_second(preview.to)
    if preview.is_open:
        st.info(
            _(
                "{name} asked at {asked_at} what going back to {time} would undo: the "
                "rows of that time are being restored and compared."
            ).format(name=name, asked_at=to_the_second(preview.requested_at), time=to),
            icon=":material/sync:",
        )
    elif preview.failure is not None or preview.compared_at is None:
        why = preview.failure or ""
        st.error(
            _(
                "What going back to {time} would undo, as {name} asked, is not known. "
                "{why}"
            ).format(time=to, name=name, why=plain(translate_failure(why))),
            icon=":material/error:",
        )
    else:
        st.markdown(
            _(
                "**Going back to {time} would undo** what is listed here, as of "
                "{compared_at}:"
            ).format(time=to, compared_at=to_the_second(preview.compared_at))
        )
        _show_table(preview)


def _show_table(preview: RestorePreview) -> None:
    rows = [
        Row(kind.value, (Cell(_(label)), Cell(words), _link(preview, kind)))
        for kind, label in _LABELS.items()
        if (words := _words((preview.counts or {}).get(kind.value, {})))
    ]
    if rows:
        record_table(
            _COLUMNS, rows, name=_("What going back would undo"), key="previews_table"
        )
    else:
        st.info(_("Nothing: no rows differ."), icon=":material/info:")
    st.caption(
        _(
            "This compares patients, documents, visits, notes, prescriptions, people "
            "who sign in and their sign-ins. Doctors and their hours, tags, views and "
            "settings would go back as well. Lists have ids and times and are kept "
            "until somebody compares again."
        )
    )


def _words(counts: Mapping[str, int]) -> str:
    return ", ".join(_counted(what, count) for what, count in counts.items())


def _counted(what: str, count: int) -> str:
    if what in _HAPPENED:
        return _(_HAPPENED[what]).format(count=decimal(count))
    return f"{decimal(count)} {what}"


def _link(preview: RestorePreview, kind: ChangedKind) -> Cell:
    name = f"{kind.value}.csv"
    return Cell(name, url=f"/files/restore-previews/{preview.id}/{name}")
