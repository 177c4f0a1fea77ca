"""Look into the records that clinicians opened outside their own patients."""

import streamlit as st

from dashboard.context import current_actor, read, write
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.notices import notify
from dashboard.ui.page_header import page_header
from dashboard.ui.words import at, plain
from services.patients.care import break_glass
from services.patients.care.break_glass import EmergencyAccess

actor = current_actor()


def show_access(access: EmergencyAccess) -> None:
    """Say who opened what, when and why; the patient is an id here."""
    st.markdown(
        f"**{plain(access.clinician_name)}** opened a record at "
        f"{at(access.created_at)}, until {at(access.expires_at)}"
    )
    st.markdown(f"Reason: {plain(access.reason)}")
    st.caption(f"Patient {access.patient_id}")


def judge(access: EmergencyAccess) -> None:
    """Ask what looking into it has found, and keep it."""
    with error_boundary(), st.form(f"review_form_{access.id}", border=False):
        finding = st.text_input(
            "What you found",
            key=f"review_finding_{access.id}",
            placeholder="For example: emergency, confirmed by the head nurse",
            autocomplete="off",
        )
        if st.form_submit_button(
            "Reviewed", key=f"review_submit_{access.id}", icon=":material/task_alt:"
        ):
            write(lambda s: break_glass.review(s, actor, access.id, finding))
            notify("The review is kept.")
            st.rerun()


page_header("Records opened outside one's patients")
waiting = read(lambda s: break_glass.list_for_review(s, actor))
if not waiting:
    empty_state("Nothing waits for review.", icon="task_alt")
for access in waiting:
    with st.container(border=True, gap="small"):
        show_access(access)
        judge(access)
with st.expander("Reviewed", key="review_done", on_change="rerun") as done:
    if done.open:
        for access in read(
            lambda s: break_glass.list_for_review(s, actor, reviewed=True)
        ):
            with st.container(border=True, gap="small"):
                show_access(access)
                st.markdown(
                    f"{plain(access.reviewer_name or '')} at "
                    f"{at(access.reviewed_at or access.created_at)}: "
                    f"{plain(access.review or '')}"
                )
