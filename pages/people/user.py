"""One person's sign-in: who it is, where they are signed in, what can be done."""

import streamlit as st

from dashboard.context import freshness
from dashboard.people import person_actions
from dashboard.people.open_sign_ins import open_sign_ins
from dashboard.people.passkey_confirmation import ask_for_passkey
from dashboard.people.person_details import chosen_person, person_details
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import name_breadcrumb, page_header
from dashboard.ui.words import plain

person = chosen_person()
name_breadcrumb("user", person.name, user=str(person.id))
with page_header(plain(person.name)):
    person_actions.reset_passkeys(person)
    person_actions.offer_deactivation(person)
person_details(person)
ask_for_passkey(_("Changing somebody's sign-in"))
# A refusal of one form removes nothing that is typed into another.
with error_boundary():
    person_actions.renew_link(person)
forms = iter(st.columns(2, gap="medium"))
if person_actions.has_other_roles(person):
    with next(forms), error_boundary():
        person_actions.change_role(person)
with next(forms), error_boundary():
    person_actions.offer_correction(person)
open_sign_ins(person)
st.caption(freshness())
