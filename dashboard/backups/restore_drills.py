"""Shows how restore drills went, and asks the worker for one."""

from datetime import timedelta
from functools import partial
from typing import Final

import streamlit as st

from dashboard import wiring
from dashboard.context import current_actor, read, write
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import decimal, gettext as _, marked, pgettext
from dashboard.ui.language.backup_failures import translate_failure
from dashboard.ui.measures import amount, seconds
from dashboard.ui.notices import notify
from dashboard.ui.record_table import Cell, Column, Row, record_table
from dashboard.ui.words import at, plain, to_the_second
from services.backups import drills
from services.backups.drills import RestoreDrill
from services.core.actors import Permission

_SHOWN: Final = 10
_DAY: Final = timedelta(days=1)
_COLUMNS: Final = (
    Column(marked("Asked for"), is_whole=True),
    Column(marked("By")),
    Column(marked("Result")),
    Column(marked("Back after"), is_whole=True),
    Column(marked("Would have lost"), is_whole=True),
    Column(marked("Speed"), is_whole=True),
)


def show_restore_drills() -> None:
    """Show the drills and offer to run one; raises the services' refusals."""
    settings = wiring.current().settings
    if not settings.is_embedded and settings.backup_tool_sandbox is None:
        return
    was_open = _is_open(_list())

    @st.fragment(run_every="2s" if was_open else "20s")
    def panel() -> None:
        st.subheader(_("Restore drills"))
        with error_boundary():
            recent_drills = _list()
            if _is_open(recent_drills) is not was_open:
                st.rerun()
            _show(recent_drills)

    panel()


def _list() -> tuple[RestoreDrill, ...]:
    actor = current_actor()
    return read(lambda session: drills.list_drills(session, actor, _SHOWN))


def _is_open(recent_drills: tuple[RestoreDrill, ...]) -> bool:
    return bool(recent_drills) and recent_drills[0].is_open


def _show(recent_drills: tuple[RestoreDrill, ...]) -> None:
    st.caption(f"{_what_it_checks()} {_plan()}")
    if recent_drills:
        _show_newest(recent_drills[0])
    if current_actor().may(Permission.RUN_DRILLS):
        _offer(is_open=_is_open(recent_drills))
    if not recent_drills:
        empty_state(_("No restore drill has run yet."), icon="history_toggle_off")
        return
    rows = [Row(str(drill.id), _cells(drill)) for drill in recent_drills]
    record_table(
        _COLUMNS,
        rows,
        name=_("Restore drills, the newest first"),
        key="restore_drills_table",
    )


def _what_it_checks() -> str:
    if (tool := wiring.current().settings.own_backup_tool) is not None:
        return _(
            "A drill has {tool} restore an arbitrary second and the newest one into a "
            "sandbox and checks both: every row, the audit log with its seals; the "
            "newest also table by table against a replica, every index, and every file "
            "as MongoDB has it. A drill that skips a check counts as broken."
        ).format(tool=tool.label)
    return _(
        "A drill restores an arbitrary second and the newest one into a sandbox and "
        "checks all of it: every row, every file, the audit log with its seals; the "
        "newest also table by table against a replica, and every index. A drill that "
        "skips a check counts as broken."
    )


def _plan() -> str:
    settings = wiring.current().settings
    every = settings.backup_drill_interval
    is_planned = settings.backup_interval is not None
    words = _("None runs automatically.")
    if every is not None and is_planned:
        words = _("One runs every {days} days.").format(days=f"{every / _DAY:g}")
    if settings.backup_s3_url is None:
        return words
    copied = _("None runs automatically from the copy elsewhere.")
    if (often := settings.backup_copy_drill_interval) is not None and is_planned:
        copied = _("One from the copy elsewhere runs every {days} days.").format(
            days=f"{often / _DAY:g}"
        )
    return f"{words} {copied}"


def _show_newest(drill: RestoreDrill) -> None:
    if drill.is_open:
        sentence = (
            _("A restore drill is running. You can leave this page.")
            if drill.begun_at
            else _("A restore drill is about to run. You can leave this page.")
        )
        st.info(sentence, icon=":material/sync:")
    elif drill.failure is not None:
        words = _(
            "The restore drill of {time} is broken: nothing is proven by it. {why}"
        )
        if drill.of_copy:
            words = _(
                "The restore drill of {time} from the copy elsewhere is broken: "
                "nothing is proven by it. {why}"
            )
        st.error(
            words.format(
                time=at(drill.requested_at), why=plain(translate_failure(drill.failure))
            ),
            icon=":material/error:",
        )


def _offer(*, is_open: bool) -> None:
    """Offer a drill of the backups here, and one of their copy if there is one."""
    with st.container(horizontal=True):
        wants_own = st.button(
            _("Run a drill now"),
            key="restore_drills_run",
            icon=":material/exercise:",
            disabled=is_open,
        )
        wants_copy = wiring.current().settings.backup_s3_url is not None and st.button(
            _("Run a drill from the copy"),
            key="restore_drills_run_copy",
            icon=":material/cloud_download:",
            help=_(
                "Fetches everything that leads to the newest second from the copy "
                "elsewhere, and restores it: that is what remains if this machine and "
                "its backups are lost."
            ),
            disabled=is_open,
        )
    if wants_own or wants_copy:
        actor = current_actor()
        request = partial(drills.request_drill, actor=actor, of_copy=wants_copy)
        write(request)
        notify(_("The worker is restoring. You can leave this page."), icon="exercise")
        st.rerun()


def _cells(drill: RestoreDrill) -> tuple[Cell, ...]:
    proof = drill.proof
    figures = ("–", "–", "–")
    if proof is not None and (measured := proof.drill) is not None:
        figures = (
            seconds(measured.rto_seconds),
            seconds(measured.rpo_seconds),
            f"{decimal(measured.megabytes_per_second)} MB/s",
        )
    return (
        Cell(at(drill.requested_at)),
        Cell(plain(drill.requested_by_name or pgettext("of drills", "Plan"))),
        Cell(
            _("From the copy: {result}").format(result=_result(drill))
            if drill.of_copy
            else _result(drill)
        ),
        *map(Cell, figures),
    )


def _result(drill: RestoreDrill) -> str:
    proof = drill.proof
    if drill.is_open:
        return _("Running")
    if proof is None or proof.drill is None:
        return _("Broken")
    return _(
        "Proven: {any_second} and {newest}; {rows} rows, {files} files ({size})"
    ).format(
        any_second=to_the_second(proof.drill.any_second),
        newest=to_the_second(proof.as_of),
        rows=decimal(proof.rows),
        files=decimal(proof.files),
        size=amount(proof.file_bytes),
    )
