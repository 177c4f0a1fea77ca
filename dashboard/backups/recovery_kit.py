"""Makes a recovery kit of the clinic's keys, and shows when the last one is old."""

from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Final

import streamlit as st

from dashboard import wiring
from dashboard.backups.kit_proof import ask_for_kit
from dashboard.context import current_actor, current_sign_in, now, write
from dashboard.people.passkey_confirmation import has_confirmed
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.language.backup_failures import translate_failure
from dashboard.ui.measures import ago
from dashboard.ui.words import at, plain
from dashboard.web.page_context.file_stores import KeysUnusable, make_missing_keys
from services.backups import BackupFolderSilent, kits
from services.backups.kits import KitState
from services.core.actors import Actor, Permission

# The sealed paper, until it is downloaded or another page is opened.
_PAPER: Final = "kit_paper"
# Fields with new keys are empty: a passphrase that was used is not kept.
_MADE: Final = "kit_times_made"


def show_recovery_kit() -> None:
    """Show the kit's state, and offer to make one; raises the services' refusals."""
    wired = wiring.current()
    if not wired.settings.is_embedded:
        return
    actor = current_actor()
    if (state := _read_state(actor)) is None:
        return
    st.subheader(_("Recovery kit"), anchor=False)
    st.caption(
        _(
            "The keys that open the backups are only on this machine. A recovery kit "
            "has them on paper, sealed with a passphrase: with it and the folder of "
            "the backups, the clinic can be restored on an empty machine."
        )
    )
    _show_state(state)
    if not actor.may(Permission.ACT_ON_CLUSTER):
        return
    if has_confirmed(_("Making or proving a recovery kit")):
        if state.made_at is not None:
            ask_for_kit(is_due=state.is_due)
        _ask()
    _offer_paper()


def _read_state(actor: Actor) -> KitState | None:
    """Return the state of the kit; None before there are backups to read."""
    wired, as_of = wiring.current(), now()
    keys = wiring.key_files(wired.settings)
    # The overview reports a folder that does not answer.
    with suppress(BackupFolderSilent):
        return wired.backup_reader.ask(
            lambda repository: (
                None
                if repository.system_id is None
                else kits.read_kit_state(actor, repository, keys, as_of)
            )
        )
    return None


def _show_state(state: KitState) -> None:
    if state.made_at is None:
        st.warning(
            _(
                "No recovery kit has been made yet: if this machine is lost, nobody "
                "can open the backups."
            ),
            icon=":material/key_off:",
        )
    elif state.is_old:
        st.warning(
            _(
                "The recovery kit is out of date: keys have changed since it was "
                "made, {time}. Make another, and destroy the old one."
            ).format(time=at(state.made_at)),
            icon=":material/key_off:",
        )
    else:
        _show_proven(state, state.made_at)


def _show_proven(state: KitState, made_at: datetime) -> None:
    """Show when somebody last proved that they have a kit with all keys."""
    has_all = _("**The recovery kit of {time}** ({ago}) has all keys.").format(
        time=at(made_at), ago=ago(now() - made_at)
    )
    opened = _("Nobody has shown yet that it opens.")
    if state.proven_at is not None:
        opened = _("It was last shown to open on {time} ({ago}).").format(
            time=at(state.proven_at), ago=ago(now() - state.proven_at)
        )
    st.markdown(f"{has_all} {opened}")
    if state.is_due:
        st.warning(
            _(
                "That is due once a quarter: fetch the kit's pages and its passphrase, "
                "and prove below that it opens."
            ),
            icon=":material/key_off:",
        )


def _ask() -> None:
    times = st.session_state.setdefault(_MADE, 0)
    with st.form(f"kit_form_{times}"):
        left, right = st.columns(2)
        passphrase = left.text_input(
            _("Passphrase"),
            type="password",
            key=f"kit_passphrase_{times}",
            autocomplete="new-password",
            help=_("At least 15 characters: five unrelated words."),
        )
        repeated = right.text_input(
            _("Repeat the passphrase"),
            type="password",
            key=f"kit_repeated_{times}",
            autocomplete="new-password",
        )
        is_wanted = st.form_submit_button(
            _("Make a recovery kit"), key="kit_make", icon=":material/key:"
        )
    if is_wanted:
        with error_boundary():
            try:
                st.session_state[_PAPER] = _make(passphrase, repeated)
            except KeysUnusable as error:
                st.error(
                    plain(translate_failure(str(error))), icon=":material/key_off:"
                )
                return
            st.session_state[_MADE] = times + 1
            st.rerun()


def _make(passphrase: str, repeated: str) -> bytes:
    """Return a kit as a PDF; raises the services' refusals.

    Raises KeysUnusable: a kit with another key in place of a lost one would have people
    destroy the last that has it.
    """
    wired = wiring.current()
    make_missing_keys()
    make = partial(
        kits.make_kit,
        actor=current_actor(),
        repository=wired.backups,
        key_files=wiring.key_files(wired.settings),
        passphrase=passphrase,
        repeated=repeated,
        now=now(),
        session_id=current_sign_in(),
    )
    with st.spinner(_("The keys are being sealed.")):
        kit = write(make)
        sealed = kit.sealed(passphrase)
        clinic = wiring.letterhead(wired.settings)
        paper = kits.print_kit(kit, sealed, clinic=clinic)
        kits.note_kit(wired.backups, kit)
    return paper


def _offer_paper() -> None:
    if (paper := st.session_state.get(_PAPER)) is None:
        return
    st.success(
        _(
            "The recovery kit is made. Print it, keep it apart from the backups and "
            "from the passphrase, then delete the file."
        ),
        icon=":material/key:",
    )
    st.download_button(
        _("Download the recovery kit (PDF)"),
        paper,
        file_name=f"recovery-kit-{now():%Y-%m-%d}.pdf",
        mime="application/pdf",
        key="kit_download",
        icon=":material/download:",
        on_click="ignore",
    )
