"""Documents of the inbox: given to a colleague, done, or put back."""

from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, read, write
from dashboard.documents.records.gone_documents import document_dialog_boundary
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.fields.distinct_labels import distinct_names
from dashboard.ui.language import gettext as _, marked, pgettext
from dashboard.ui.notices import notify
from dashboard.ui.words import plain
from services.core.actors import Permission
from services.documents import inbox
from services.documents.inbox import InboxItem
from services.documents.records.model import DocumentRecord

_SECONDS = 30.0


def offer_assignment(record: DocumentRecord) -> None:
    """Show who is to look at a document, and offer to assign it or to mark it done."""
    actor = current_actor()
    if record.is_deleted or not actor.may(Permission.FILE_DOCUMENTS):
        return
    item = read(
        lambda session: inbox.find_item(session, actor, record.id),
        keep=("inbox item", record.id, record.revision),
        seconds=_SECONDS,
    )
    label = _("Assign to")
    if item.assignee is not None:
        label = _("Assigned: {name}").format(name=plain(item.assignee.name))
    if st.button(
        label,
        key="document_assign",
        icon=":material/assignment_ind:",
        help=_("Who should look at it. It stays in their inbox until it is done."),
    ):
        ask_assignee(item)
    if item.done_at is not None:
        if st.button(
            _("Back to the inbox"), key="document_reopen", icon=":material/undo:"
        ):
            write(lambda s: inbox.reopen(s, actor, record.id))
            notify(
                _("{title} is in the inbox again.").format(title=plain(record.title)),
                icon="undo",
            )
            st.rerun()
    elif st.button(
        pgettext("inbox", "Done"), key="document_finish", icon=":material/task_alt:"
    ):
        finish(item)
        st.rerun()


@dialog(marked("Assign to"), icon=":material/assignment_ind:")
def ask_assignee(item: InboxItem) -> None:
    """Ask who is to look at a document."""
    with document_dialog_boundary():
        actor = current_actor()
        colleagues = read(
            lambda session: inbox.list_colleagues(session, actor),
            keep="colleagues",
            seconds=_SECONDS,
        )
        names: dict[UUID | None, str] = {None: _("Nobody in particular")}
        for colleague in sorted(colleagues, key=lambda c: c.id != actor.id):
            is_me = colleague.id == actor.id
            name = colleague.name
            names[colleague.id] = _("{name} (me)").format(name=name) if is_me else name
        labels = distinct_names(names)
        ids = list(names)
        now_assigned = item.assignee.id if item.assignee else actor.id
        st.markdown(
            _("**{title}** stays in their inbox until it is done.").format(
                title=plain(item.title)
            )
        )
        chosen = st.selectbox(
            _("Colleague"),
            ids,
            index=ids.index(now_assigned) if now_assigned in names else 0,
            format_func=labels.__getitem__,
            key=f"inbox_assignee_{item.id}",
            help=_(
                "Assigning does not give access: only people who may open the "
                "document can be assigned to it."
            ),
        )
        if confirmed(_("Assign"), key="inbox_assign_save"):
            write(lambda s: inbox.assign(s, actor, item.id, chosen))
            notify(f"{plain(item.title)}: {plain(names[chosen])}.")
            st.rerun()


def finish(item: InboxItem) -> None:
    """Take a document out of the inbox, and confirm that on screen."""
    actor = current_actor()
    write(lambda s: inbox.finish(s, actor, item.id))
    notify(
        _("{title} is done. To put it back, open its page.").format(
            title=plain(item.title)
        ),
        icon="task_alt",
    )
