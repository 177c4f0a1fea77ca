"""What an administrator can do to one person's sign-in, each with its dialog."""

from functools import partial

import streamlit as st
from sqlalchemy.orm import Session

from dashboard import wiring
from dashboard.context import current_actor, current_sign_in, read, write
from dashboard.navigation import go
from dashboard.people.invitation_link import invitation_link
from dashboard.sign_in.account_emails import deliver, send_address_change
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import decimal, gettext as _, marked
from dashboard.ui.notices import notify
from dashboard.ui.words import plain, role_label
from services.core import after_commit
from services.core.actors import Role
from services.documents.sharing import offboarding
from services.people import accounts
from services.people.accounts import AccountStatus, Particulars, Person, invitations
from services.people.accounts.particulars import spelt_as_kept
from services.visits.schedule import doctors

# The forms' fields carry the person's id in their keys: somebody who goes back and
# forth between two people's pages must not save what was typed about the other.


def has_other_roles(person: Person) -> bool:
    """Return whether the role can be changed; a patient's sign-in can have no other."""
    return person.role is not Role.PATIENT and not _is_oneself(person)


def change_role(person: Person) -> None:
    """Offer the other roles, if there are any (`has_other_roles`)."""
    with st.form(f"user_role_form_{person.id}"):
        st.subheader(_("Role"), anchor=False)
        role = st.selectbox(
            _("Role"),
            accounts.COLLEAGUES,
            index=accounts.COLLEAGUES.index(person.role),
            key=f"user_role_{person.id}",
            format_func=role_label,
            label_visibility="collapsed",
        )
        st.caption(
            _(
                "Changing the role signs the person out everywhere; they sign in "
                "again with the new one. Their exports end, and their links to "
                "documents open nothing while their role may not share."
            )
        )
        if st.form_submit_button(_("Change role"), key="user_role_save"):
            actor, sign_in = current_actor(), current_sign_in()
            write(
                lambda s: accounts.change_role(
                    s, actor, person.id, role, session_id=sign_in
                )
            )
            _done(
                _("{name} now has the role {role}.").format(
                    name=plain(person.name), role=_(role)
                )
            )


def offer_correction(person: Person) -> None:
    """Offer to correct name, address and number."""
    with st.form(f"user_particulars_form_{person.id}"):
        st.subheader(_("Name and address"), anchor=False)
        typed = Particulars(
            st.text_input(
                _("Name"), person.name, key=f"user_name_{person.id}", autocomplete="off"
            ),
            st.text_input(
                _("E-mail"),
                person.email,
                key=f"user_email_{person.id}",
                autocomplete="off",
            ),
            st.text_input(
                _("Phone number"),
                person.phone_number or "",
                key=f"user_phone_number_{person.id}",
                autocomplete="off",
                help=_("For codes by text message, if the clinic sends them."),
            ),
        )
        if st.form_submit_button(_("Save changes"), key="user_particulars_save"):
            actor, sign_in = current_actor(), current_sign_in()
            # In another spelling it is the same address.
            is_moved = spelt_as_kept(typed.email) != person.email
            tell_former = partial(
                send_address_change,
                wiring.current().settings,
                person.name,
                person.email,
                is_patient=person.role is Role.PATIENT,
            )

            def change(session: Session) -> None:
                accounts.change_particulars(
                    session, actor, person.id, typed, session_id=sign_in
                )
                if is_moved:
                    # Not by the page: a second click or a closed tab ends its run.
                    after_commit.call(session, tell_former)

            write(change)
            is_linkless = is_moved and person.standing is AccountStatus.INVITED
            _done(
                _(
                    "The changes are saved. The link sent earlier no longer works: "
                    "send a new one."
                )
                if is_linkless
                else _("The changes are saved.")
            )


def renew_link(person: Person) -> None:
    """Send another link to a person who has not signed in yet."""
    if person.standing is not AccountStatus.INVITED:
        return
    if st.button(_("Send another link"), key="user_renew", icon=":material/mail:"):
        actor, sign_in = current_actor(), current_sign_in()
        invited = write(
            lambda s: invitations.renew(s, actor, person.id, session_id=sign_in)
        )
        sent = deliver(invited)
        invitation_link(person.name, is_sent=sent.is_sent, link=sent.link)


def reset_passkeys(person: Person) -> None:
    """Offer to remove the passkeys of a lost device."""
    if _is_oneself(person) or not person.passkeys:
        return
    if st.button(_("Reset passkeys"), key="user_passkeys", icon=":material/key_off:"):
        _confirm_reset(person)


def offer_deactivation(person: Person) -> None:
    """Offer to deactivate the sign-in, or to reactivate it."""
    if _is_oneself(person):
        return
    actor, sign_in = current_actor(), current_sign_in()
    if person.standing is not AccountStatus.DEACTIVATED:
        if st.button(_("Deactivate"), key="user_deactivate", icon=":material/block:"):
            _confirm_deactivation(person)
    elif st.button(_("Reactivate"), key="user_reactivate", type="primary"):
        # If it is refused, the forms below are still drawn.
        with error_boundary():
            write(
                lambda s: accounts.reactivate(s, actor, person.id, session_id=sign_in)
            )
            _done(_("{name} may sign in again.").format(name=plain(person.name)))


@dialog(marked("Reset the passkeys?"), icon=":material/key_off:")
def _confirm_reset(person: Person) -> None:
    with error_boundary():
        st.markdown(
            _(
                "All passkeys of **{name}** are removed, and they are signed out "
                "everywhere. They sign in with a code by e-mail and can add new "
                "passkeys. This cannot be undone."
            ).format(name=plain(person.name))
        )
        if confirmed(_("Reset passkeys"), key="user_passkeys_confirm", is_final=True):
            actor, sign_in = current_actor(), current_sign_in()
            write(
                lambda s: accounts.reset_passkeys(
                    s, actor, person.id, session_id=sign_in
                )
            )
            _done(_("The passkeys are removed."))


@dialog(marked("Deactivate this sign-in?"), icon=":material/block:")
def _confirm_deactivation(person: Person) -> None:
    with error_boundary():
        st.markdown(
            _(
                "**{name}** is signed out everywhere at once and cannot sign in until "
                "you reactivate them. Their tokens and links are permanently revoked, "
                "their exports end, and mails that they scheduled are no longer sent. "
                "What they entered, filed or shared with colleagues stays, and "
                "documents in their inbox are unassigned again."
            ).format(name=plain(person.name))
        )
        _show_visits_ahead(person)
        if confirmed(_("Deactivate"), key="user_deactivate_confirm", is_final=True):
            actor = current_actor()
            write(lambda s: offboarding.deactivate(s, actor, person.id))
            _done(_("{name} is deactivated.").format(name=plain(person.name)))


def _show_visits_ahead(person: Person) -> None:
    """Say what stays of a doctor who signs in as this person, with the way there."""
    actor = current_actor()
    doctor = read(lambda s: doctors.find_workload_of(s, actor, person.id))
    if doctor is None or not (doctor.is_active or doctor.visits_ahead):
        return
    said = (
        _(
            "Patients can still book **{doctor}**. Visits booked from now on: "
            "**{count}**. In the doctor's plan, turn off *Can be booked*; the visits "
            "are then listed there, for the front desk to move or cancel."
        )
        if doctor.is_active
        else _(
            "**{doctor}** cannot be booked anymore. Visits booked from now on: "
            "**{count}**. They stay until the front desk moves or cancels them."
        )
    )
    st.warning(
        said.format(doctor=plain(doctor.name), count=decimal(doctor.visits_ahead)),
        icon=":material/event_repeat:",
    )
    if st.button(
        _("Open the doctor's plan"),
        key="user_deactivate_plan",
        icon=":material/calendar_month:",
    ):
        go("visits/doctor_plan.py", doctor=str(doctor.doctor_id))


def _is_oneself(person: Person) -> bool:
    """Return whether it is the administrator looking: others decide about them."""
    return person.id == current_actor().id


def _done(message: str) -> None:
    notify(message)
    st.rerun()
