"""Asks the worker for a backup, and shows its progress."""

import streamlit as st

from dashboard.context import current_actor, write
from dashboard.ui.language import gettext as _
from dashboard.ui.language.backup_failures import translate_failure
from dashboard.ui.notices import notify
from dashboard.ui.words import at, plain
from services import backups
from services.backups import BackupRequest, BackupState
from services.core.actors import Permission


def is_going_on(state: BackupState, request: BackupRequest | None) -> bool:
    """Return whether a backup is being made, or is about to be."""
    return state.is_busy or (request is not None and request.is_open)


def show_back_up_now(state: BackupState, request: BackupRequest | None) -> None:
    """Show the running backup and how the last request ended; offer to ask for one."""
    if state.is_busy:
        st.info(_("A backup is being made right now."), icon=":material/sync:")
    elif request is not None and request.is_open:
        st.info(
            _("{name} asked for a backup at {time}: it starts within seconds.").format(
                name=plain(request.requested_by_name), time=at(request.requested_at)
            ),
            icon=":material/hourglass:",
        )
    elif request is not None and _has_failed(state, request):
        st.error(
            _("The backup that {name} asked for at {time} failed. {why}").format(
                name=plain(request.requested_by_name),
                time=at(request.requested_at),
                why=plain(translate_failure(request.failure or "")),
            ),
            icon=":material/error:",
        )
    if not current_actor().may(Permission.ACT_ON_CLUSTER):
        return
    if st.button(
        _("Back up now"),
        key="backups_now",
        icon=":material/backup:",
        disabled=is_going_on(state, request),
    ):
        actor = current_actor()
        write(lambda session: backups.request_backup(session, actor))
        notify(
            _("The worker is making a backup. You can leave this page."), icon="backup"
        )
        st.rerun()


def _has_failed(state: BackupState, request: BackupRequest) -> bool:
    """Return whether the last request failed, unless something else says so already."""
    if request.failure is None:
        return False
    if state.failure is not None and state.failure.sentence == request.failure:
        return False
    newest = state.newest
    return newest is None or newest.as_of < request.requested_at
