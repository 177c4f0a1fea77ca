"""Asks for the recovery kit and its passphrase, to prove that both are at hand."""

from functools import partial
from typing import Final

import streamlit as st

from dashboard import wiring
from dashboard.context import current_actor, current_sign_in, now, write
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.language.backup_failures import translate_failure
from dashboard.ui.notices import notify
from dashboard.ui.outcomes.field_problems import problem_of
from dashboard.ui.words import plain
from services.backups import kits
from services.backups.kits import KitNotProven
from services.core import throttling

# Fields with new keys are empty: a passphrase that was used is not kept.
_PROVEN: Final = "kit_times_proven"
_TEXT: Final = "kit_proof_text"
_LINES_SHOWN: Final = 160


def ask_for_kit(*, is_due: bool) -> None:
    """Offer to prove that the kit opens, unfolded when that is due."""
    with st.expander(
        _("Prove that the kit opens"), expanded=is_due, icon=":material/verified:"
    ):
        st.caption(
            _(
                "Once a quarter: scan the codes of the pages with a phone, or type "
                "the text of the last pages. It is tried on the newest backup. "
                "Neither the text nor the passphrase is kept; that you did this is "
                "recorded in the audit log."
            )
        )
        _ask()


def _ask() -> None:
    times = st.session_state.setdefault(_PROVEN, 0)
    with st.form(f"kit_proof_form_{times}", border=False):
        text = st.text_area(
            _("The kit's codes or text"),
            key=f"{_TEXT}_{times}",
            height=_LINES_SHOWN,
            help=_("All codes, one below the other in any order, or the whole text."),
        )
        passphrase = st.text_input(
            _("Passphrase of the kit"),
            type="password",
            key=f"kit_proof_passphrase_{times}",
            autocomplete="off",
        )
        is_wanted = st.form_submit_button(
            _("Prove the kit"), key="kit_prove", icon=":material/key:"
        )
    if is_wanted:
        with error_boundary():
            _prove(text, passphrase)


def _prove(text: str, passphrase: str) -> None:
    wired, actor = wiring.current(), current_actor()
    # Somebody who found the pages must not try one passphrase after the other.
    wired.throttle.take(throttling.KIT_TRIES, str(actor.id))
    prove = partial(
        kits.prove_kit,
        actor=actor,
        repository=wired.backups,
        key_files=wiring.key_files(wired.settings),
        kit_text=text,
        passphrase=passphrase,
        now=now(),
        session_id=current_sign_in(),
    )
    try:
        with st.spinner(_("The kit is being opened.")):
            kits.note_proven(wired.backups, write(prove))
    except KitNotProven as refusal:
        with problem_of(_TEXT):
            st.error(
                plain(translate_failure(refusal.args[0])), icon=":material/key_off:"
            )
        return
    st.session_state[_PROVEN] += 1
    notify(_("The recovery kit opens the newest backup."), icon="key")
    st.rerun()
