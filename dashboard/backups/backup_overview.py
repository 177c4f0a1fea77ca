"""Shows which backups there are, where they lie, and whether one was ever restored."""

from datetime import timedelta
from typing import Final

import streamlit as st

from dashboard import wiring
from dashboard.context import current_actor, now
from dashboard.ui.empty_state import empty_state
from dashboard.ui.measures import ago, amount, seconds
from dashboard.ui.record_table import Cell, Column, Row, payload_of, record_table
from dashboard.ui.words import at, plain
from services.backups import BackupState, Manifest, read_state

_COLUMNS: Final = (
    Column("As of", is_whole=True),
    Column("Took", is_whole=True),
    Column("Rows", is_whole=True),
    Column("Sealed", is_whole=True),
    Column("Files"),
    Column("Audit entries", is_whole=True),
)
# As many as a month of daily ones.
_MOST_SHOWN: Final = 31


def show_backups() -> None:
    """Show the state of the repository; raises the services' refusals."""
    wired = wiring.current()
    if not wired.settings.is_embedded:
        st.info(
            "Chartroom backs up the servers that it starts itself. These are your own: "
            "back them up with their tools, MongoDB and the file keys included.",
            icon=":material/info:",
        )
        return
    state = read_state(current_actor(), wired.backups, wired.settings.data)
    _show_troubles(state)
    if (newest := state.newest) is None:
        empty_state(
            "There is no backup yet. Make one with: python -m dashboard backup",
            icon="backup",
        )
        return
    _show_newest(newest, now() - newest.as_of)
    _show_proof(state)
    if state.is_beside:
        st.warning(
            "The backups lie on the same disk as the clinic, and are lost with it: "
            "name a folder on another disk with CHARTROOM_BACKUP_DIR.",
            icon=":material/warning:",
        )
    st.caption(plain(f"They are in {state.folder}."))
    _show_sets(state)


def _show_troubles(state: BackupState) -> None:
    """Say first what is wrong, and what is going on."""
    if state.is_busy:
        st.info("A backup is being made just now.", icon=":material/sync:")
    if state.failure is not None:
        st.error(
            f"The last backup, at {at(state.failure.at)}, came to nothing. "
            + plain(state.failure.sentence),
            icon=":material/error:",
        )
    for name in state.unreadable:
        st.error(
            f"The manifest of backup {plain(name)} cannot be read: somebody has "
            "changed or deleted it, and the backup counts for nothing.",
            icon=":material/error:",
        )


def _show_newest(newest: Manifest, age: timedelta) -> None:
    st.markdown(
        f"**The newest backup is of {at(newest.as_of)}** "
        f"({ago(age)}): {amount(newest.database_bytes)} of rows, "
        f"{amount(newest.sealed_bytes)} sealed; {newest.files:,} files, "
        f"{amount(newest.file_bytes)}; {newest.audit_entries:,} entries of the audit "
        "log. PostgreSQL has verified it."
    )
    if newest.unreadable_files:
        st.warning(
            f"Files that could not be read and are not in it: "
            f"{len(newest.unreadable_files)}. Name them with: "
            "python -m dashboard check-files",
            icon=":material/warning:",
        )


def _show_proof(state: BackupState) -> None:
    proof = state.proof
    if proof is None:
        st.warning(
            "No backup was ever restored, so nobody knows that one can be. Prove it "
            "with: python -m dashboard restore --look",
            icon=":material/warning:",
        )
        return
    compared = (
        "each the same as a replica had shown then"
        if proof.is_compared
        else "compared with nothing, since no replica answered then"
    )
    which = "the newest backup" if state.is_newest_proven else "an older backup"
    st.markdown(
        f"**Last proven restore: {at(proof.proved_at)}**, of {which} (as of "
        f"{at(proof.as_of)}), in {seconds(proof.seconds)}: {proof.rows:,} rows of "
        f"{proof.tables} tables, {compared}; {proof.files:,} files, each the one that "
        f"its row names; {proof.audit_entries:,} entries of the audit log, unbroken."
    )


def _show_sets(state: BackupState) -> None:
    rows = [
        Row(
            each.set_id,
            (
                Cell(at(each.as_of)),
                Cell(seconds((each.finished_at - each.began_at).total_seconds())),
                Cell(amount(each.database_bytes)),
                Cell(amount(each.sealed_bytes)),
                Cell(f"{each.files:,} ({amount(each.file_bytes)})"),
                Cell(f"{each.audit_entries:,}"),
            ),
        )
        for each in reversed(state.sets[-_MOST_SHOWN:])
    ]
    payload = payload_of(_COLUMNS, rows, name="Backups, the newest first")
    record_table(payload, key="backups_table")
