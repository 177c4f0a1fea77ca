"""How the front desk invites a patient, and the outcome of any invitation."""

from collections.abc import Callable

import streamlit as st

from dashboard.context import current_actor, write
from dashboard.sign_in.account_emails import deliver
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.words import full_name, plain
from services.core.actors import Permission
from services.patients.records.model import PatientRecord
from services.people.accounts import invitations


def invitation_link(name: str, *, is_sent: bool, link: str | None) -> None:
    """Show that the e-mail is on its way or, this once, the link if it is not."""
    if is_sent:
        st.success(
            _("{name} gets a link by e-mail. It opens once, within three days.").format(
                name=plain(name)
            ),
            icon=":material/mail:",
        )
    else:
        st.warning(
            _(
                "No e-mail was sent to {name}. Give them this link yourself; it opens "
                "once, within three days, and is not shown again."
            ).format(name=plain(name)),
            icon=":material/mail_off:",
        )
    if link:
        st.code(link, language=None, wrap_lines=True)


def offer_invitation(patient: PatientRecord, chosen: Callable[[], None]) -> None:
    """Draw the button, if permitted; `chosen` is called when it is pressed."""
    if (
        patient.deceased_on is None
        and current_actor().may(Permission.INVITE_PATIENT)
        and st.button(
            _("Invite"), key="patient_invite", icon=":material/mail:", on_click=chosen
        )
    ):
        _invite(patient)


@dialog(marked("Invite this patient?"), icon=":material/mail:")
def _invite(patient: PatientRecord) -> None:
    with error_boundary():
        name = full_name(patient)
        st.markdown(
            _(
                "**{name}** gets a link by e-mail to {address} and can then sign in to "
                "see their own record. Make sure that the address is theirs."
            ).format(
                name=plain(name),
                address=plain(patient.email or _("the address on the record")),
            )
        )
        # Whether it was sent is shown here, so that "Cancel" would be misunderstood.
        if confirmed(
            _("Send invitation"), key="patient_invite_send", otherwise=_("Close")
        ):
            actor = current_actor()
            invited = write(lambda s: invitations.invite_patient(s, actor, patient.id))
            sent = deliver(invited)
            invitation_link(name, is_sent=sent.is_sent, link=sent.link)
