"""The audit log: who did what, found by person, patient, action and day."""

import streamlit as st

from dashboard.audit import audit_log
from dashboard.audit.audit_filters import show_audit_filters
from dashboard.audit.audit_table import show_audit_table
from dashboard.audit.hours_chart import show_hours
from dashboard.context import freshness
from dashboard.ui.dialogs import dialog
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary, explain
from dashboard.ui.language import gettext as _, marked, translated
from dashboard.ui.page_header import page_header
from dashboard.ui.words import at, plain
from services.core.errors import InvalidInput

broken: InvalidInput | None = None
try:
    question = audit_log.query_of_address()
except InvalidInput as refusal:
    # Somebody who follows such an address sees what is wrong with it, and the whole
    # log.
    broken = refusal
    st.query_params.clear()
    question = audit_log.query_of_address()
former_question, after = st.session_state.get("audit_position", (question, None))


@dialog(marked("Verify audit log integrity"), icon=":material/verified:")
def verify() -> None:
    """Follow the chain from its first entry to its last."""
    with error_boundary():
        with st.spinner(_("Checking every entry from the first to the last...")):
            verdict = audit_log.verify()
        sentence = plain(translated(verdict.sentence_with(at)))
        if verdict.is_whole and verdict.unproven is not None:
            st.warning(sentence, icon=":material/key_off:")
        elif verdict.is_whole:
            st.success(sentence, icon=":material/verified:")
        else:
            st.error(sentence, icon=":material/gpp_bad:")


with page_header(_("Audit log")):
    if st.button(_("Verify"), key="audit_verify", icon=":material/verified:"):
        verify()
    st.link_button(
        _("CSV"),
        audit_log.csv_address(question),
        key="audit_csv",
        icon=":material/download:",
        help=_("Download these entries as filtered, all pages."),
    )
if broken:
    explain(broken)
st.caption(
    _(
        "Who did what, newest first; new entries appear within seconds. The contents "
        "of records are not shown. Click the time of an entry to see all of the same "
        "sign-in. Lists and searches are left out unless you include them under "
        "*Filters*."
    )
)
count = len(question.query().keys() - {"lists"}) + question.has_lists
with st.expander(
    _("Filters ({count})").format(count=count) if count else _("Filters"),
    expanded=bool(count),
    key="audit_filters",
    icon=":material/filter_alt:",
):
    people = {person.id: person for person in audit_log.people()}
    with error_boundary():
        wanted = show_audit_filters(question, people, key="audit_form")
        if wanted is not None:
            audit_log.put_into_address(wanted)
            st.session_state.pop("audit_position", None)
            st.rerun()
with error_boundary():
    show_hours(audit_log.hours(question))
page = audit_log.entries(question, after if former_question == question else None)
if page.entries:
    show_audit_table(page.entries, audit_log.sign_in_address, key="audit_table")
else:
    empty_state(_("No entries match. Remove a filter."), icon="search_off")
with st.container(horizontal=True, gap="small"):
    if st.button(_("Newest"), key="audit_newest", icon=":material/first_page:"):
        st.session_state.pop("audit_position", None)
        st.rerun()
    if st.button(
        _("Older"),
        key="audit_older",
        icon=":material/chevron_right:",
        disabled=not page.next,
    ):
        st.session_state["audit_position"] = (question, page.next)
        st.rerun()
st.caption(freshness())
