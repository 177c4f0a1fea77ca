"""Shows the backups there are, where they are, and whether one was ever restored."""

from datetime import timedelta
from typing import Final

import streamlit as st

from dashboard import wiring
from dashboard.backups.back_up_now import is_going_on, show_back_up_now
from dashboard.backups.backup_copy import show_copy
from dashboard.backups.backup_faults import show_faults, show_silence
from dashboard.backups.log_window import show_window
from dashboard.backups.storage_chart import show_storage
from dashboard.backups.tool_overview import show_tool
from dashboard.context import current_actor, now, read
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import decimal, gettext as _, marked, ngettext
from dashboard.ui.language.backup_failures import translate_failure
from dashboard.ui.measures import ago, amount, seconds
from dashboard.ui.record_table import Cell, Column, Row, record_table
from dashboard.ui.words import at, plain, to_the_second
from services import backups
from services.backups import BackupRequest, BackupState, Manifest, Proof

_COLUMNS: Final = (
    Column(marked("As of"), is_whole=True),
    Column(marked("Kind"), is_whole=True),
    Column(marked("Took"), is_whole=True),
    Column(marked("Rows"), is_whole=True),
    Column(marked("Sealed"), is_whole=True),
    Column(marked("Files")),
    Column(marked("Audit entries"), is_whole=True),
)
# A day of hourly backups and a week of earlier ones.
_MOST_SHOWN: Final = 31
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


def show_backups_elsewhere() -> bool:
    """Show that a standby site makes no backups; return whether this is one."""
    if (site := wiring.current().site.position()) is None:
        return False
    st.info(
        _(
            "This is the standby site {site}: nothing is backed up here until it "
            "leads. The clinic's backups, its drills and the recovery kit are at the "
            "main site."
        ).format(site=site.site),
        icon=":material/public:",
    )
    return True


def show_backups() -> None:
    """Show the state of the repository; raises the services' refusals."""
    wired = wiring.current()
    if (tool := wired.settings.own_backup_tool) is not None:
        show_tool(tool)
        return
    if not wired.settings.is_embedded:
        st.info(
            _(
                "Chartroom backs up the servers that it starts itself. These are your "
                "own: back them up with their own tools, including MongoDB and the "
                "file keys. If Barman or pgBackRest backs up PostgreSQL, name it with "
                "CHARTROOM_BACKUP_TOOL, and this page shows the state of its backups."
            ),
            icon=":material/info:",
        )
        return
    st.caption(
        _(
            "A backup has the rows, the files and the audit log of one time, sealed "
            "with keys from the data folder. The log after it leads to any second "
            "since then."
        )
    )
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
    actor = current_actor()
    state = wiring.current().backup_reader.state(actor)
    return state, read(lambda session: backups.newest_request(session, actor))


def _show(state: BackupState, request: BackupRequest | None) -> None:
    show_silence(state)
    if not state.is_known:
        return
    _show_troubles(state)
    show_back_up_now(state, request)
    settings = wiring.current().settings
    every, kept = settings.backup_interval, timedelta(days=settings.backup_kept_days)
    if (newest := state.newest) is None:
        empty_state(
            _(
                "There is no backup yet. The worker makes the first within minutes of "
                "its start."
            )
            if every
            else _(
                "There is no backup yet. None is made automatically: "
                "CHARTROOM_BACKUP_EVERY_HOURS is 0."
            ),
            icon="backup",
        )
        return
    show_window(state.log, every)
    _show_newest(newest, now() - newest.as_of)
    _show_chain(state)
    _show_proof(state)
    for before in state.before:
        st.info(
            _(
                "The clinic went back in time at {time}. What its servers had before "
                "is in {folder}, until a restore of a later backup is proven: back up, "
                "then run a drill."
            ).format(time=at(before.replaced_at), folder=plain(str(before.path))),
            icon=":material/history:",
        )
    if state.is_beside:
        st.warning(
            _(
                "The backups are on the same disk as the clinic's data and would be "
                "lost with it: set CHARTROOM_BACKUP_DIR to a folder on another disk."
            ),
            icon=":material/warning:",
        )
    show_copy(state.copy)
    _show_plan(state, every, kept, settings.backup_full_interval)
    show_storage(state)
    _show_sets(state)


def _show_troubles(state: BackupState) -> None:
    """Show what is wrong, first of all."""
    if (failure := state.failure) is not None:
        sentence = ngettext(
            "The last backup, at {time}, failed. {why}",
            "The last backup, at {time}, failed ({tries} attempts in a row). {why}",
            failure.tries,
        )
        st.error(
            sentence.format(
                time=at(failure.at),
                tries=failure.tries,
                why=plain(translate_failure(failure.sentence)),
            ),
            icon=":material/error:",
        )
    show_faults(state)


def _show_newest(newest: Manifest, age: timedelta) -> None:
    st.markdown(
        _(
            "**The newest backup is from {time}** ({ago}): {rows} of rows, {sealed} "
            "sealed; {files} files, {size}; {entries} entries of the audit log. "
            "PostgreSQL has verified it."
        ).format(
            time=at(newest.as_of),
            ago=ago(age),
            rows=amount(newest.database_bytes),
            sealed=amount(newest.sealed_bytes),
            files=decimal(newest.files),
            size=amount(newest.file_bytes),
            entries=decimal(newest.audit_entries),
        )
    )
    if newest.unreadable_files:
        st.warning(
            _(
                "Files that could not be read and are not in it: {count}. `python -m "
                "dashboard check-files` names them."
            ).format(count=decimal(len(newest.unreadable_files))),
            icon=":material/warning:",
        )


def _show_chain(state: BackupState) -> None:
    """Show which backups the newest one needs, or why it is a full one."""
    full, *changes = state.chain
    if changes:
        words = ngettext(
            "It is an incremental one: it is restored together with the full one of "
            "{time}.",
            "It is an incremental one: it is restored together with the full one of "
            "{time} and the {count} between them.",
            len(changes),
        )
        sentence = words.format(time=at(full.as_of), count=decimal(len(changes) - 1))
        st.caption(sentence)
    elif full.full_because:
        st.info(
            _("It is a full one, although an incremental one was due. {why}").format(
                why=plain(translate_failure(full.full_because))
            ),
            icon=":material/info:",
        )


def _show_proof(state: BackupState) -> None:
    proof = state.proof
    if proof is None:
        st.warning(
            _(
                "No backup has ever been restored, so it is not proven that one can "
                "be. Run a drill below, or `python -m dashboard restore --look`."
            ),
            icon=":material/warning:",
        )
        return
    if proof.drill is not None:
        st.markdown(
            _(
                "**Last restore proven on {time}**, to {any_second} and to {newest}, "
                "in {span}; nothing was skipped: {rows} rows of {tables} tables, the "
                "same as a replica had; {files} files, each the one that its row "
                "names; {entries} entries of the audit log, unbroken."
            ).format(
                time=at(proof.proved_at),
                any_second=to_the_second(proof.drill.any_second),
                newest=to_the_second(proof.as_of),
                span=seconds(proof.drill.rto_seconds),
                **_counts(proof),
            )
        )
        if proof.from_copy:
            origin = _("All of it was fetched from the copy in {place}.")
            st.caption(origin.format(place=plain(proof.from_copy)))
        return
    compared = _("not compared, because no replica answered")
    if proof.is_compared:
        compared = _("each the same as a replica had shown then")
    elif proof.log_segments is not None:
        compared = _("all of them read, at a time between two backups")
    sentence = (
        _(
            "**Last proven restore: {time}**, of the newest backup (as of {as_of}), in "
            "{span}: {rows} rows of {tables} tables, {compared}; {files} files, each "
            "the one that its row names; {entries} entries of the audit log, unbroken."
        )
        if state.is_newest_proven
        else _(
            "**Last proven restore: {time}**, of an older backup (as of {as_of}), in "
            "{span}: {rows} rows of {tables} tables, {compared}; {files} files, each "
            "the one that its row names; {entries} entries of the audit log, unbroken."
        )
    )
    st.markdown(
        sentence.format(
            time=at(proof.proved_at),
            as_of=at(proof.as_of),
            span=seconds(proof.seconds),
            compared=compared,
            **_counts(proof),
        )
    )


def _counts(proof: Proof) -> dict[str, str]:
    return {
        "rows": decimal(proof.rows),
        "tables": decimal(proof.tables),
        "files": decimal(proof.files),
        "entries": decimal(proof.audit_entries),
    }


def _show_plan(
    state: BackupState,
    every: timedelta | None,
    kept: timedelta,
    full_every: timedelta | None,
) -> None:
    """Show how often backups are made, how long they stay, and if they have room."""
    plan = _("None is made automatically.")
    more = None
    if every is not None:
        plan = _words_of_plan(state, every, full_every)
        more = backups.forecast_bytes(state, every, kept, full_every)
    words = [
        _("They are in {folder}.").format(folder=state.folder),
        plan,
        _words_of_keeping(every, kept),
        _(
            "The newest, the last that was proven, and any that another is based on "
            "are kept longer."
        ),
    ]
    if state.free_bytes is not None:
        free = amount(state.free_bytes)
        words.append(_("The disk has {size} free.").format(size=free))
    if more is not None:
        grows = _("In that time they will grow by about {size}.")
        words.append(grows.format(size=amount(more)))
    st.caption(plain(" ".join(words)))
    if more is not None and state.free_bytes is not None and more > state.free_bytes:
        st.warning(
            _(
                "The disk of the backups will be full before the oldest are removed: "
                "give it more room, name another with CHARTROOM_BACKUP_DIR, or keep "
                "them for fewer days (CHARTROOM_BACKUP_KEPT_DAYS)."
            ),
            icon=":material/warning:",
        )


def _words_of_keeping(every: timedelta | None, kept: timedelta) -> str:
    """Return how long backups are kept, and whether one a day outlasts the others."""
    if every is not None and kept > backups.ALL_KEPT_FOR:
        return _(
            "Each is kept for {recent} days, and one of each day for {days} days: the "
            "log leads on from it to every second."
        ).format(recent=backups.ALL_KEPT_FOR.days, days=kept.days)
    words = ngettext(
        "Each is kept for one day.", "Each is kept for {days} days.", kept.days
    ).format(days=kept.days)
    if every is not None:
        return words
    none = _(
        "They are not thinned out to one of each day, because no log leads on from "
        "them."
    )
    return f"{words} {none}"


def _words_of_plan(
    state: BackupState, every: timedelta, full_every: timedelta | None
) -> str:
    """Return how often each kind is made, and when the next of it is due."""
    count = 1 if every == _HOUR else 2
    hours = f"{every / _HOUR:g}"
    if full_every is None:
        words = ngettext(
            "One is made every hour.", "One is made every {hours} hours.", count
        ).format(hours=hours)
    else:
        words = ngettext(
            "One is made every hour, and a full one every {days} days.",
            "One is made every {hours} hours, and a full one every {days} days.",
            count,
        ).format(hours=hours, days=f"{full_every / _DAY:g}")
    coming = backups.next_backups(state, every, full_every)
    if coming is None:
        return words
    due = _("The next full one is due at {time}.").format(time=at(coming.full_at))
    if coming.incremental_at is not None:
        due = _(
            "The next incremental one is due at {time}, the next full one at {later}."
        ).format(time=at(coming.incremental_at), later=at(coming.full_at))
    return f"{words} {due}"


def _show_sets(state: BackupState) -> None:
    if (count := len(state.sets)) > _MOST_SHOWN:
        words = _("The newest {shown} of {count} backups:")
        st.caption(words.format(shown=_MOST_SHOWN, count=decimal(count)))
    rows = [
        Row(
            each.set_id,
            (
                Cell(at(each.as_of)),
                Cell(_("Full") if each.is_full else _("Incremental")),
                Cell(seconds((each.finished_at - each.began_at).total_seconds())),
                Cell(amount(each.database_bytes)),
                Cell(amount(each.sealed_bytes)),
                Cell(f"{decimal(each.files)} ({amount(each.file_bytes)})"),
                Cell(decimal(each.audit_entries)),
            ),
        )
        for each in reversed(state.sets[-_MOST_SHOWN:])
    ]
    record_table(
        _COLUMNS, rows, name=_("Backups, the newest first"), key="backups_table"
    )
