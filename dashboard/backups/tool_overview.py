"""Shows the state of the backups that a tool of the clinic's own makes.

The worker asks the tool and keeps its answer; a page never starts it.
"""

from datetime import timedelta
from typing import Final

import streamlit as st

from dashboard import wiring
from dashboard.context import current_actor, now, read
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import decimal, gettext as _, marked
from dashboard.ui.language.backup_failures import translate_failure
from dashboard.ui.measures import ago, amount, seconds
from dashboard.ui.record_table import Cell, Column, Row, record_table
from dashboard.ui.words import at, plain, to_the_second
from services.backups import drills, tools
from services.backups.tools import BackupTool, ToolBackup, ToolReport, ToolState

_COLUMNS: Final = (
    Column(marked("As of"), is_whole=True),
    Column(marked("Kind"), is_whole=True),
    Column(marked("Name")),
    Column(marked("Size"), is_whole=True),
    Column(marked("State")),
)
_KINDS: Final = {
    "full": marked("Full"),
    "differential": marked("Differential"),
    "incremental": marked("Incremental"),
}
_MOST_SHOWN: Final = 31
# The worker asks every minute, and the tool may take one minute to answer.
_LATE: Final = timedelta(minutes=5)


def show_tool(tool: BackupTool) -> None:
    """Show the tool's last answer; raises the services' refusals."""

    @st.fragment(run_every="20s")
    def panel() -> None:
        with error_boundary():
            _show(tool, read_tool_state(tool))

    panel()


def read_tool_state(tool: BackupTool) -> ToolState | None:
    """Return the tool's last answer; None if it was never asked."""
    actor, name = current_actor(), str(tool)
    return read(lambda session: tools.read_tool(session, actor, name))


def _show(tool: BackupTool, state: ToolState | None) -> None:
    st.info(
        _(
            "{tool} backs up PostgreSQL of these servers, which it knows as {server}: "
            "`{command}`. **It knows nothing of MongoDB:** files and the audit log are "
            "in none of its backups. Back MongoDB up with its own tools, and keep the "
            "file keys."
        ).format(
            tool=tool.label, server=plain(tool.server), command=tool.backup_command
        ),
        icon=":material/info:",
    )
    if state is None:
        words = _("{tool} has not been asked yet: the worker asks within minutes.")
        empty_state(words.format(tool=tool.label), icon="backup")
        return
    _show_troubles(tool, state)
    if state.report is None or state.answered_at is None:
        return
    _show_window(tool, state)
    _show_newest(state.report)
    st.caption(
        _("{tool} said so at {time} ({ago}).").format(
            tool=tool.label,
            time=to_the_second(state.answered_at),
            ago=ago(now() - state.answered_at),
        )
    )
    _show_what_is_proven(tool, state)
    _show_backups(state.report)


def _show_troubles(tool: BackupTool, state: ToolState) -> None:
    """Show what is wrong, first of all."""
    if state.failure:
        st.error(
            _("{tool} was asked at {time} without success. {why}").format(
                tool=tool.label,
                time=to_the_second(state.tried_at),
                why=plain(translate_failure(state.failure)),
            ),
            icon=":material/error:",
        )
    elif now() - state.tried_at > _LATE:
        words = _("{tool} was last asked at {time}: check that the worker is running.")
        st.error(
            words.format(tool=tool.label, time=to_the_second(state.tried_at)),
            icon=":material/error:",
        )
    for sentence in state.report.faults if state.report else ():
        st.error(plain(translate_failure(sentence)), icon=":material/error:")
    if state.report is not None and state.report.is_busy:
        st.info(_("A backup is being made right now."), icon=":material/sync:")


def _show_window(tool: BackupTool, state: ToolState) -> None:
    """Show from when to when the clinic can go back, and by which command."""
    if (window := state.window) is None:
        if state.report is not None and state.report.valid:
            st.info(
                _(
                    "It is not known yet until when the archive has the log. The "
                    "worker marks the time in it every minute, and sees which marks "
                    "have come."
                ),
                icon=":material/info:",
            )
        return
    since, until = window
    st.markdown(
        _(
            "**You can go back to any second from {since} to {until}** ({ago}), by "
            "{tool} and on the machine where PostgreSQL is to run: `{command}`"
        ).format(
            since=to_the_second(since),
            until=to_the_second(until),
            ago=ago(now() - until),
            tool=tool.label,
            command=tool.restore_command(until),
        )
    )


def _show_newest(report: ToolReport) -> None:
    if (newest := report.newest) is not None:
        st.markdown(
            _("**The newest backup is from {time}** ({ago}): {size}.").format(
                time=at(newest.stopped_at),
                ago=ago(now() - newest.stopped_at),
                size=amount(newest.size_bytes),
            )
        )


def _show_what_is_proven(tool: BackupTool, state: ToolState) -> None:
    if state.report is None or not state.report.valid:
        return
    if wiring.current().settings.backup_tool_sandbox is None:
        st.warning(
            _(
                "Restores are not practised here: that {tool} has a backup does not "
                "prove that it can be restored. Name a folder on the worker's machine "
                "with CHARTROOM_BACKUP_TOOL_SANDBOX, and drills restore there; or "
                "practise it with {tool} on another machine, with the files of MongoDB."
            ).format(tool=tool.label),
            icon=":material/warning:",
        )
        return
    actor = current_actor()
    proof = read(lambda session: drills.last_proof(session, actor))
    if proof is None or proof.drill is None:
        words = _(
            "No restore by {tool} is proven yet: run a drill below, once it is known "
            "from when to when one can go back."
        )
        st.warning(words.format(tool=tool.label), icon=":material/warning:")
        return
    st.markdown(
        _(
            "**Last restore proven on {time}**, to {any_second} and to {newest}, in "
            "{span}: {rows} rows of {tables} tables, the same as a replica had; "
            "{entries} entries of the audit log, unbroken; {files} files, read in "
            "MongoDB as it is. That MongoDB can be restored is not proven by it."
        ).format(
            time=at(proof.proved_at),
            any_second=to_the_second(proof.drill.any_second),
            newest=to_the_second(proof.as_of),
            span=seconds(proof.drill.rto_seconds),
            rows=decimal(proof.rows),
            tables=decimal(proof.tables),
            entries=decimal(proof.audit_entries),
            files=decimal(proof.files),
        )
    )


def _show_backups(report: ToolReport) -> None:
    if not report.backups:
        return
    shown = report.backups[-_MOST_SHOWN:]
    if (count := len(report.backups)) > len(shown):
        words = _("The newest {shown} of {count} backups:")
        st.caption(words.format(shown=len(shown), count=decimal(count)))
    rows = [Row(each.name, _cells(each)) for each in reversed(shown)]
    record_table(
        _COLUMNS, rows, name=_("Backups, the newest first"), key="tool_backups_table"
    )


def _cells(backup: ToolBackup) -> tuple[Cell, ...]:
    status = Cell(_("Valid"), tone="ok", icon="check_circle")
    if backup.problem:
        problem = translate_failure(backup.problem)
        status = Cell(problem, tone="danger", icon="error")
    return (
        Cell(at(backup.stopped_at)),
        Cell(_(_KINDS[backup.kind])),
        Cell(backup.name),
        Cell(amount(backup.size_bytes)),
        status,
    )
