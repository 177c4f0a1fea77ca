"""Review the records that clinicians opened outside their own patients."""

import streamlit as st

from dashboard.context import current_actor, read, write
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.notices import notify
from dashboard.ui.page_header import page_header
from dashboard.ui.words import at, plain
from services.patients.care import break_glass
from services.patients.care.break_glass import EmergencyAccess

actor = current_actor()


def show_access(access: EmergencyAccess) -> None:
    """Show who opened what, when and why; the patient is an id here."""
    st.markdown(
        _("**{name}** opened a record at {time}, until {until}").format(
            name=plain(access.clinician_name),
            time=at(access.created_at),
            until=at(access.expires_at),
        )
    )
    st.markdown(_("Reason: {reason}").format(reason=plain(access.reason)))
    st.caption(_("Patient {id}").format(id=access.patient_id))


def judge(access: EmergencyAccess) -> None:
    """Ask for the finding of the review, and keep it."""
    with error_boundary(), st.form(f"review_form_{access.id}", border=False):
        finding = st.text_input(
            _("What you found"),
            key=f"review_finding_{access.id}",
            placeholder=_("For example: emergency, confirmed by the head nurse"),
            autocomplete="off",
        )
        if st.form_submit_button(
            _("Reviewed"), key=f"review_submit_{access.id}", icon=":material/task_alt:"
        ):
            write(lambda s: break_glass.review(s, actor, access.id, finding))
            notify(_("The review is saved."))
            st.rerun()


page_header(_("Emergency access review"))
st.caption(_("Records that clinicians opened for patients they do not treat, and why."))
waiting = read(lambda s: break_glass.list_for_review(s, actor))
if not waiting:
    empty_state(_("Nothing is waiting for review."), icon="task_alt")
for access in waiting:
    with st.container(border=True, gap="small"):
        show_access(access)
        judge(access)
with st.expander(_("Reviewed"), key="review_done", on_change="rerun") as done:
    if done.open:
        for access in read(
            lambda s: break_glass.list_for_review(s, actor, reviewed=True)
        ):
            with st.container(border=True, gap="small"):
                show_access(access)
                st.markdown(
                    _("{name} at {time}: {finding}").format(
                        name=plain(access.reviewer_name or ""),
                        time=at(access.reviewed_at or access.created_at),
                        finding=plain(access.review or ""),
                    )
                )
