"""Shows which backups there are, where they lie, and whether one was ever restored."""

from datetime import timedelta
from typing import Final

import streamlit as st

from dashboard import wiring
from dashboard.backups.back_up_now import is_going_on, show_back_up_now
from dashboard.backups.backup_copy import show_copy
from dashboard.backups.log_window import show_window
from dashboard.context import current_actor, now, read
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.measures import ago, amount, seconds
from dashboard.ui.record_table import Cell, Column, Row, payload_of, record_table
from dashboard.ui.words import at, plain, to_the_second
from services import backups
from services.backups import BackupRequest, BackupState, Manifest

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
_HOUR: Final = timedelta(hours=1)


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
    was_going_on = is_going_on(*_read())

    @st.fragment(run_every="2s" if was_going_on else "20s")
    def panel() -> None:
        with error_boundary():
            state, request = _read()
            if is_going_on(state, request) is not was_going_on:
                st.rerun()
            _show(state, request)

    panel()


def _read() -> tuple[BackupState, BackupRequest | None]:
    actor, wired = current_actor(), wiring.current()
    keys = wired.file_keys
    state = backups.read_state(actor, wired.backups, wired.settings.data, keys)
    return state, read(lambda session: backups.newest_request(session, actor))


def _show(state: BackupState, request: BackupRequest | None) -> None:
    _show_troubles(state)
    show_back_up_now(state, request)
    settings = wiring.current().settings
    every, kept = settings.backup_interval, timedelta(days=settings.backup_kept_days)
    if (newest := state.newest) is None:
        empty_state(
            "There is no backup yet. "
            + (
                "The worker makes the first within minutes of its start."
                if every
                else "None is made by itself: CHARTROOM_BACKUP_EVERY_HOURS is 0."
            ),
            icon="backup",
        )
        return
    show_window(state.log, every)
    _show_newest(newest, now() - newest.as_of)
    _show_proof(state)
    for before in state.before:
        st.info(
            f"The clinic went back in time at {at(before.replaced_at)}. What its "
            f"servers had before is in {plain(str(before.path))}, until a restore of a "
            "later backup is proven: back up, then run a drill.",
            icon=":material/history:",
        )
    if state.is_beside:
        st.warning(
            "The backups lie on the same disk as the clinic, and are lost with it: "
            "name a folder on another disk with CHARTROOM_BACKUP_DIR.",
            icon=":material/warning:",
        )
    show_copy(state.copy)
    _show_plan(state, every, kept)
    _show_sets(state)


def _show_troubles(state: BackupState) -> None:
    """Say first what is wrong."""
    if (failure := state.failure) is not None:
        tries = f" ({failure.tries} tries in a row)" if failure.tries > 1 else ""
        st.error(
            f"The last backup, at {at(failure.at)}, came to nothing{tries}. "
            + plain(failure.sentence),
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
            "No backup was ever restored, so nobody knows that one can be. Run a drill "
            "below, or: python -m dashboard restore --look",
            icon=":material/warning:",
        )
        return
    if proof.drill is not None:
        st.markdown(
            f"**Last restore proven on {at(proof.proved_at)}**, to "
            f"{to_the_second(proof.drill.any_second)} and to "
            f"{to_the_second(proof.as_of)}, in {seconds(proof.drill.rto_seconds)}; "
            f"nothing was skipped: {proof.rows:,} rows of {proof.tables} tables, "
            f"the same as a replica had; {proof.files:,} files, each the one that its "
            f"row names; {proof.audit_entries:,} entries of the audit log, unbroken."
        )
        return
    compared = "compared with nothing, since no replica answered then"
    if proof.is_compared:
        compared = "each the same as a replica had shown then"
    elif proof.log_segments is not None:
        compared = "all of them read, at a time between two backups"
    which = "the newest backup" if state.is_newest_proven else "an older backup"
    st.markdown(
        f"**Last proven restore: {at(proof.proved_at)}**, of {which} (as of "
        f"{at(proof.as_of)}), in {seconds(proof.seconds)}: {proof.rows:,} rows of "
        f"{proof.tables} tables, {compared}; {proof.files:,} files, each the one that "
        f"its row names; {proof.audit_entries:,} entries of the audit log, unbroken."
    )


def _show_plan(state: BackupState, every: timedelta | None, kept: timedelta) -> None:
    """Say how often backups are made, how long they stay, and if they have room."""
    plan = "None is made by itself."
    more = None
    if every is not None:
        plan = f"One is made every {every / _HOUR:g} hours."
        more = backups.forecast_bytes(state, every, kept)
    words = (
        f"They are in {state.folder}. {plan} Each is kept for {kept.days} days; the "
        "newest and the last that was proven stay longer."
    )
    if state.free_bytes is not None:
        words += f" The disk has {amount(state.free_bytes)} free."
    if more is not None:
        words += f" In that time they will grow by some {amount(more)}."
    st.caption(plain(words))
    if more is not None and state.free_bytes is not None and more > state.free_bytes:
        st.warning(
            "The disk of the backups will be full before the oldest are removed: give "
            "it more room, name another with CHARTROOM_BACKUP_DIR, or keep them for "
            "fewer days (CHARTROOM_BACKUP_KEPT_DAYS).",
            icon=":material/warning:",
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
