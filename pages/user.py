"""One person's sign-in: who it is, where they are signed in, what can be done."""

import streamlit as st

from dashboard import person_deeds
from dashboard.chosen_person import chosen_person
from dashboard.confirming import ask_for_passkey
from dashboard.context import freshness
from dashboard.open_sign_ins import open_sign_ins
from dashboard.widgets.page_header import page_header
from dashboard.widgets.person_details import person_details
from dashboard.widgets.words import plain

person = chosen_person()
with page_header(plain(person.name)):
    person_deeds.reset_passkeys(person)
    person_deeds.shut_out_or_let_in(person)
person_details(person)
ask_for_passkey("Changing somebody's sign-in")
person_deeds.renew_link(person)
role, particulars = st.columns(2, gap="medium")
with role:
    person_deeds.change_role(person)
with particulars:
    person_deeds.correct(person)
open_sign_ins(person)
st.caption(freshness())
