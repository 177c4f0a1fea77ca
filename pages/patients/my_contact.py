"""Patients correct how the clinic reaches them; a new e-mail address is proved."""

import streamlit as st

from dashboard.context import current_actor, read, today, write
from dashboard.navigation import go
from dashboard.patients.records import contact_form
from dashboard.sign_in.codes import new_address
from dashboard.sign_in.codes.refused_codes import why_no_code, why_refused
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, refusal_text
from dashboard.ui.notices import notify
from dashboard.ui.outcomes.field_problems import problem_of
from dashboard.ui.page_header import page_header
from dashboard.ui.words import plain, unlinked
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from services.people import accounts
from services.people.accounts import own_contact
from services.people.accounts.own_contact import EmailInUse, EmailProof, OwnContact
from services.people.sign_in import codes

_WAITING = "my_contact_waiting"
_PROBLEM = "my_contact_problem"

actor = current_actor()
patient_id = actor.require_own_record()
record = read(
    lambda s: patients.get_patient(s, actor, patient_id), keep=("patient", patient_id)
)
opened = contact_form.opened_record(record)


def leave(message: str = "") -> None:
    """Forget what was typed and go back to the record."""
    contact_form.forget()
    for name in (_WAITING, _PROBLEM):
        st.session_state.pop(name, None)
    if message:
        notify(message)
    go("patients/my_record.py")


def save(wanted: OwnContact, proof: EmailProof | None = None) -> None:
    """Save, ask for the code again, or show what was changed meanwhile."""
    version, on = opened.version, today()
    try:
        changed = write(
            new_address.telling_former(
                actor.name,
                lambda s: own_contact.change_contact(
                    s, actor, wanted, version=version, today=on, proof=proof
                ),
            )
        )
    except patients.StaleVersion as stale:
        if is_saved(stale.current, wanted):
            leave(_("Your contact data is saved."))
        contact_form.continue_from(stale.current)
        st.session_state.pop(_WAITING, None)
        st.session_state[_PROBLEM] = _(
            "The clinic changed your contact data while you were editing. Nothing you "
            "typed is lost: compare both versions, then save again."
        )
        st.rerun()
    except EmailInUse as taken:
        # Another address can be entered only in the form.
        st.session_state.pop(_WAITING, None)
        st.session_state[_PROBLEM] = plain(refusal_text(taken))
        st.rerun()
    if changed.refused:
        if not changed.refused.tries_left:
            # Back to the form with what was typed, to send another code from there.
            st.session_state.pop(_WAITING, None)
        st.session_state[_PROBLEM] = why_refused(
            changed.refused, again=_("Save again to get a new one.")
        )
        st.rerun()
    leave(_("Your contact data is saved."))


def is_saved(current: PatientRecord, wanted: OwnContact) -> bool:
    """Return whether the first click of two has saved it already."""
    if OwnContact.of(current) != wanted:
        return False
    former = (opened.email or "").casefold()
    if not former or not own_contact.is_new_address(opened, wanted):
        return True
    # A new address also changes the sign-in, unless the clinic entered it.
    email = read(lambda s: accounts.find_email(s, actor.id))
    return (email or "").casefold() != former


def send_code(wanted: OwnContact) -> None:
    """Send a code to the new address, and ask for it."""
    email, code = wanted.email or "", codes.new_code()
    new_address.count_request(actor, email)
    kept_with = new_address.key()
    write(lambda s: own_contact.keep_code(s, actor, email, code, key=kept_with))
    is_sent = new_address.send(code, email)
    shown = code if new_address.is_shown() else None
    if not is_sent and shown is None:
        st.error(_("The code could not be sent. Nothing was changed; try again later."))
        return
    st.session_state[_WAITING] = (wanted, shown)
    st.rerun()


def show_form() -> None:
    """Ask for the contact data."""
    st.markdown(
        _(
            "To correct your name, date of birth or sex, ask the front desk. To "
            "change your e-mail address, enter the code that is sent to the new one; "
            "if you sign in with the old address, you sign in with the new one from "
            "then on."
        )
    )
    with st.form("my_contact_form"):
        typed, places = contact_form.contact_fields()
        is_submitted = st.form_submit_button(
            _("Save changes"), type="primary", key="my_contact_save"
        )
    if is_submitted:
        try:
            wanted = own_contact.checked_contact(opened, typed, today=today())
        except patients.InvalidPatient as refusal:
            contact_form.show_problems(refusal, places)
        else:
            with error_boundary():
                is_new = own_contact.is_new_address(opened, wanted)
                send_code(wanted) if is_new else save(wanted)


def ask_for_code(wanted: OwnContact, shown: str | None) -> None:
    """Ask for the code that was sent to the new address."""
    st.markdown(
        _("A code was sent to **{email}**. It is valid for five minutes.").format(
            email=unlinked(wanted.email or "")
        )
    )
    if shown:
        st.info(_("This is a demo: the code is {code}.").format(code=shown))
    with st.form("my_contact_code_form"):
        code = st.text_input(
            _("Code"), key="my_contact_code", autocomplete="one-time-code"
        )
        is_submitted = st.form_submit_button(
            _("Confirm"), type="primary", key="my_contact_confirm"
        )
    if is_submitted:
        digits = codes.read_code(code or "")
        if digits is None:
            with problem_of("code"):
                st.error(why_no_code())
            return
        with error_boundary():
            new_address.count_try(actor)
            save(wanted, EmailProof(digits, new_address.key()))


page_header(_("Correct contact data"))
if problem := st.session_state.pop(_PROBLEM, ""):
    st.warning(problem, icon=":material/sync_problem:")
if waiting := st.session_state.get(_WAITING):
    ask_for_code(*waiting)
else:
    show_form()
if st.button(_("Cancel"), key="my_contact_cancel", type="tertiary"):
    leave()
