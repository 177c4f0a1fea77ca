"""Takes the clinic back to a time that was compared, and shows how it went."""

from datetime import timedelta
from functools import partial
from typing import Final

import streamlit as st

from dashboard import wiring
from dashboard.context import current_actor, current_sign_in, now, write
from dashboard.people.passkey_confirmation import ask_for_passkey
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import bounded_line
from dashboard.ui.language import gettext as _
from dashboard.ui.language.backup_failures import translate_failure
from dashboard.ui.notices import notify
from dashboard.ui.words import plain, to_the_second
from dashboard.web.front.going_back_socket import begin_going_back
from services.backups import RequestedRestore, going_back
from services.backups.previews import RestorePreview
from services.core import reasons
from services.core.actors import Permission

_SHOWN_FOR: Final = timedelta(days=7)


def find_order() -> RequestedRestore | None:
    """Return the last request to go back."""
    data = wiring.current().settings.data
    return going_back.read_going_back(current_actor(), data)


def show_order(order: RequestedRestore) -> None:
    """Show how far going back has come, or how it went."""
    name, to = plain(order.requested_by_name), to_the_second(order.to)
    if order.is_open:
        sentence = (
            _(
                "{name} is taking the clinic back to {time}. {stage}. It closes for "
                "about a minute: this page loses its connection, and everybody has to "
                "sign in again."
            )
            if order.stage
            else _(
                "{name} is taking the clinic back to {time}. It closes for about a "
                "minute: this page loses its connection, and everybody has to sign in "
                "again."
            )
        )
        st.info(
            sentence.format(name=name, time=to, stage=_(order.stage)),
            icon=":material/history:",
        )
    elif order.ended_at is not None and now() - order.ended_at < _SHOWN_FOR:
        if order.failure is not None:
            st.error(
                _(
                    "The clinic did not go back to {time}, as {name} had asked. {why}"
                ).format(
                    time=to, name=name, why=plain(translate_failure(order.failure))
                ),
                icon=":material/error:",
            )
            return
        st.success(
            _(
                "The clinic went back to {time}, which {name} asked for at {asked_at}: "
                "{reason}"
            ).format(
                time=to,
                name=name,
                asked_at=to_the_second(order.requested_at),
                reason=plain(order.reason),
            ),
            icon=":material/history:",
        )


def offer_going_back(preview: RestorePreview) -> None:
    """Ask for the reason and a confirmation, and have the launcher go back."""
    actor = current_actor()
    if not actor.may(Permission.ACT_ON_CLUSTER) or preview.counts is None:
        return
    to = to_the_second(preview.to)
    st.subheader(_("Go back to this time"))
    if not going_back.is_seen_just_now(preview, now()):
        st.info(
            _("Compare again before you go back: people have worked since."),
            icon=":material/compare:",
        )
        return
    st.warning(
        _(
            "The clinic closes for about a minute and opens as it was at {time}. "
            "Everybody is signed out, including you. What is listed above is undone, "
            "and so is what people do until it closes. Purges, erasures, revocations "
            "and legal holds since then stay; what the servers have now is kept aside "
            "until a later restore is proven."
        ).format(time=to),
        icon=":material/warning:",
    )
    st.caption(
        _(
            "Before anything is changed, everything of that time is restored next to "
            "the clinic and proven; if anything is wrong with it, nothing is changed. "
            "Sign in again afterwards: this page says how it went, and so does the "
            "audit log."
        )
    )
    ask_for_passkey(_("Going back in time"), key="go_back_confirm")
    _ask(preview, to)


def _ask(preview: RestorePreview, to: str) -> None:
    clinic_name = wiring.current().settings.clinic_name
    with st.form("go_back_form"):
        reason = bounded_line(
            _("Why"),
            key="go_back_reason",
            longest=reasons.LONGEST,
            placeholder=_("Ten characters or more; kept in the audit log"),
        )
        typed = st.text_input(
            _("Type “{name}” to confirm it").format(name=plain(clinic_name)),
            key="go_back_typed",
            autocomplete="off",
        )
        is_wanted = st.form_submit_button(
            f":red[{_('Go back to {time}').format(time=to)}]",
            key="go_back_do",
            icon=":material/history:",
        )
    if is_wanted:
        with error_boundary():
            _order(preview, reason, typed)


def _order(preview: RestorePreview, reason: str, typed: str) -> None:
    settings = wiring.current().settings
    with going_back.ordering(settings.data) as before:
        order = write(
            partial(
                going_back.request_going_back,
                actor=current_actor(),
                preview_id=preview.id,
                reason=reason,
                typed=typed,
                clinic_name=settings.clinic_name,
                before=before,
                session_id=current_sign_in(),
            )
        )
        with going_back.ordered(settings.data, order):
            begin_going_back(settings.data)
    notify(_("The clinic is going back. It closes within minutes."), icon="history")
    st.rerun()
