"""MongoDB beside PostgreSQL: which servers keep the files, their lag and room."""

from dataclasses import replace
from typing import Final

import streamlit as st

from dashboard.context import current_actor, files
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import decimal, gettext as _, marked, ngettext, refusal_text
from dashboard.ui.measures import amount, seconds
from dashboard.ui.record_table import Cell, Column, Row, record_table
from dashboard.ui.words import plain
from services.cluster.monitoring import FilesMember, FilesState, look_at_files
from services.core.errors import Unavailable

_COLUMNS: Final = (
    Column(marked("Server"), is_whole=True),
    Column(marked("Role")),
    Column(marked("Behind")),
)
_ROLES: Final = {
    "primary": Cell(marked("Primary"), "ok", "check"),
    "secondary": Cell(marked("Secondary"), "ok", "check"),
    "other": Cell(marked("Starting or copying"), "warn", "sync"),
    "silent": Cell(marked("Does not answer"), "danger", "error"),
}


@st.fragment(run_every="10s")
def show_files_database() -> None:
    """Show MongoDB's servers and what they keep, redrawn every ten seconds."""
    with error_boundary():
        try:
            state = look_at_files(files(), current_actor())
        except Unavailable as refusal:
            # Tried again in ten seconds; the servers above go on meanwhile.
            st.error(plain(refusal_text(refusal)), icon=":material/error:")
            return
        if state.primary is None:
            st.error(
                _(
                    "No MongoDB server leads: files cannot be stored. Start the "
                    "servers that are not responding."
                ),
                icon=":material/error:",
            )
        rows = [_row(member) for member in state.members]
        record_table(
            _COLUMNS, rows, name=_("Servers of MongoDB"), key="replication_files"
        )
        st.caption(summary_of(state))


def summary_of(state: FilesState) -> str:
    """Return what is kept, the room left, and how far the log reaches back, as text."""
    taken = ngettext(
        "{count} file takes {size}.", "{count} files take {size}.", state.files
    )
    sentences = [
        taken.format(count=decimal(state.files), size=amount(state.stored_bytes))
    ]
    if state.disk_free_bytes is not None:
        sentences.append(
            _("{free} of {whole} are free.").format(
                free=amount(state.disk_free_bytes), whole=amount(state.disk_bytes)
            )
        )
    if state.log_seconds is None:
        sentences.append(_("This login may not see how far back the oplog reaches."))
    else:
        sentences.append(
            _(
                "The oplog reaches back {span}: a server that was away for longer has "
                "to be copied anew."
            ).format(span=seconds(state.log_seconds))
        )
    return " ".join(sentences)


def _row(member: FilesMember) -> Row:
    lag = "–" if member.role == "primary" else seconds(member.lag_seconds)
    role = _ROLES[member.role]
    shown = replace(role, text=_(role.text))
    return Row(member.name, (Cell(member.name), shown, Cell(lag)))
