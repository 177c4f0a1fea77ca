"""A person's saved views: opened, renamed, shared, removed."""

import streamlit as st

from dashboard.analytics.dashboards.question_sharing import (
    readers_in_words,
    show_question_sharing,
)
from dashboard.analytics.dashboards.subscribing import (
    explain_lost_mails,
    most_subscriptions,
    show_subscribing,
)
from dashboard.context import current_actor, read, write
from dashboard.navigation import go
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import bounded_line
from dashboard.ui.fields.keys import stamp_of
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.notices import notify
from dashboard.ui.page_header import page_header
from dashboard.ui.words import at, plain
from services.analytics import shared_questions
from services.analytics.cohorts import COHORTS
from services.analytics.queries import QUERIES
from services.analytics.shared_questions import SHARED_SUBJECTS
from services.analytics.subscriptions.contents import SavedList
from services.core.actors import Permission
from services.documents.search.fields import DOCUMENTS
from services.fhir import bulk_exports
from services.lists import views
from services.lists.subjects import Subject
from services.lists.views import View
from services.patients.search.fields import PATIENTS

actor = current_actor()
SUBJECTS = [(PATIENTS, "patients/patients.py")]
if actor.may(Permission.VIEW_DOCUMENTS):
    SUBJECTS.append((DOCUMENTS, "documents/documents.py"))
if actor.may(Permission.COUNT_COHORTS):
    SUBJECTS += [(COHORTS, "analytics/cohorts.py"), (QUERIES, "analytics/sql.py")]
MAILED = (PATIENTS, COHORTS)
is_mailed = actor.may(Permission.COUNT_COHORTS) and bool(most_subscriptions())


@dialog(marked("Rename this view"), icon=":material/edit:")
def rename(view: View) -> None:
    """Ask for another name."""
    # What was typed but not saved about one view must not appear for another, nor for
    # what this one has become.
    key = f"views_rename_{view.id}_{stamp_of((view.name, view.description))}"
    with error_boundary(), st.form(f"{key}_form", border=False):
        name = st.text_input(
            _("Name"), value=view.name, key=f"{key}_name", autocomplete="off"
        )
        description = bounded_line(
            _("What it is for (optional)"),
            view.description,
            key=f"{key}_description",
            longest=views.LONGEST_DESCRIPTION,
        )
        if confirmed(_("Rename view"), key="views_rename", is_in_form=True):
            write(
                lambda s: views.rename_view(
                    s, actor, view.id, name, description=description, seen=view
                )
            )
            notify(_("The view is renamed."))
            st.rerun()


@dialog(marked("Delete this view?"), icon=":material/delete:")
def confirm_deletion(view: View) -> None:
    """Name the view, and say what stays."""
    with error_boundary():
        st.markdown(
            _(
                "**{name}** is removed from your views. What it lists is not "
                "affected, and links to the list that you have shared keep working."
            ).format(name=plain(view.name))
        )
        if view.is_shared or view.shared_with:
            st.markdown(_("Colleagues you share it with will no longer see it."))
        if actor.may(Permission.COUNT_COHORTS):
            explain_lost_mails(SavedList(view.id))
        systems = read(lambda s: bulk_exports.list_systems_with(s, actor, view.id))
        if systems:
            st.markdown(
                _(
                    "These systems still receive this list, because an administrator "
                    "granted it to them: {systems}. Only an administrator can end that."
                ).format(systems=", ".join(map(plain, systems)))
            )
        if confirmed(_("Delete view"), key="views_delete", is_final=True):
            write(lambda s: views.delete_view(s, actor, view.id))
            notify(_("{name} is deleted.").format(name=plain(view.name)), icon="delete")
            st.rerun()


@dialog(marked("Share this view"), icon=":material/group:")
def share(view: View) -> None:
    """Ask who else sees the view."""
    with error_boundary():
        show_question_sharing(view)


@dialog(marked("Send this list by e-mail"), icon=":material/mail:")
def send_by_mail(view: View) -> None:
    """Ask when the list is sent, and to whom."""
    with error_boundary():
        st.markdown(f"**{plain(view.name)}**")
        show_subscribing(SavedList(view.id))


def views_of(subject: Subject) -> tuple[View, ...]:
    """Read the names for lists of one kind: the person's own, and what is shared."""
    if subject in SHARED_SUBJECTS:
        return read(
            lambda s: shared_questions.list_questions(s, actor, subject=subject)
        )
    return read(lambda s: views.list_views(s, actor, subject=subject))


def words_of(view: View, subject: Subject) -> str:
    """Return the kind of view, when it was saved and, for questions, who sees it."""
    words = _("{subject} · saved {time}").format(
        subject=_(subject.name.capitalize()), time=at(view.created_at)
    )
    if subject not in SHARED_SUBJECTS:
        return words
    readers = readers_in_words(
        view.owner, is_shared=view.is_shared, shared_with=view.shared_with
    )
    return f"{words} · {readers}"


def show_changes(view: View, subject: Subject) -> None:
    """Offer what only the owner of a view may do with it."""
    if (
        is_mailed
        and subject in MAILED
        and st.button(_("Send by e-mail"), key=f"views_mail_{view.id}")
    ):
        send_by_mail(view)
    if subject in SHARED_SUBJECTS and st.button(
        _("Share"), key=f"views_share_{view.id}"
    ):
        share(view)
    if st.button(_("Rename"), key=f"views_rename_{view.id}"):
        rename(view)
    if st.button(_("Delete"), key=f"views_delete_{view.id}"):
        confirm_deletion(view)


page_header(_("Saved views"))
st.caption(
    _(
        "Lists that you have saved; only you see them here. Cohorts and queries can "
        "be shared, and what colleagues share with you is here, too."
    )
    if actor.may(Permission.COUNT_COHORTS)
    else _("Lists that you have saved. Only you see them here.")
)
known = [
    (view, subject, page) for subject, page in SUBJECTS for view in views_of(subject)
]
if not known and empty_state(
    _("No saved views yet. Filter the patients, then save the list under a name."),
    icon="bookmarks",
    action=_("Filter patients"),
    key="views_start",
):
    go("patients/patients.py")
for view, subject, page in known:
    with (
        st.container(border=True),
        st.container(horizontal=True, vertical_alignment="center"),
    ):
        with st.container(width="stretch", gap="xxsmall"):
            st.markdown(f"**{plain(view.name)}**")
            if view.description:
                st.markdown(plain(view.description))
            st.caption(words_of(view, subject))
        with st.container(horizontal=True, width="content"):
            if st.button(_("Open"), key=f"views_open_{view.id}"):
                go(page, list=view.key)
            if view.is_own:
                show_changes(view, subject)
