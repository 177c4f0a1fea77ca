"""What an administrator can do with fields of documents, each with its dialog."""

from collections.abc import Callable
from typing import Final

import streamlit as st
from sqlalchemy.orm import Session

from dashboard.context import current_actor, write
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import bounded_line
from dashboard.ui.fields.keys import stamp_of
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.notices import notify
from dashboard.ui.words import plain
from services.documents import fields
from services.documents.fields import (
    KIND_LABELS,
    LONGEST_NAME,
    LONGEST_UNIT,
    DocumentField,
    FieldDefinition,
    FieldKind,
)
from services.documents.records.kinds import TYPE_LABELS, DocumentType

_NEW: Final = "fields_new"
_ROUND: Final = "fields_new_round"
_ICONS: Final = {
    FieldKind.TEXT: "short_text",
    FieldKind.NUMBER: "123",
    FieldKind.DATE: "event",
    FieldKind.FLAG: "toggle_on",
    FieldKind.CHOICE: "list",
}


def add_form() -> None:
    """Ask for a new field, and add it."""
    # A new form has new inputs, which are empty.
    key = f"{_NEW}_{st.session_state.setdefault(_ROUND, 0)}"
    with st.container(border=True, key="fields_add"):
        kinds = list(FieldKind)
        kind: FieldKind = st.selectbox(
            _("Kind"),
            kinds,
            format_func=lambda each: _(KIND_LABELS[each]),
            key=f"{key}_kind",
            help=_("It cannot be changed later: values are stored in this form."),
        )
        definition = _definition(key, kind)
        if st.button(_("Add field"), type="primary", key="fields_add_submit"):
            with error_boundary():
                actor = current_actor()
                made = write(
                    lambda session: fields.add_field(session, actor, kind, definition)
                )
                notify(
                    _("Documents can now have the field {field}.").format(
                        field=plain(made.name)
                    )
                )
                st.session_state[_ROUND] += 1
                st.rerun()


def show_field(field: DocumentField) -> None:
    """Show one field, and offer to change, archive or restore it."""
    with (
        st.container(border=True),
        st.container(horizontal=True, vertical_alignment="center"),
    ):
        with st.container(width="stretch", gap="xxsmall"):
            st.badge(
                plain(field.label),
                icon=f":material/{_ICONS[field.kind]}:",
                color="gray" if field.is_archived else "blue",
            )
            st.caption(_said(field))
        if field.is_archived:
            if st.button(
                _("Restore"), key=f"fields_restore_{field.id}", icon=":material/undo:"
            ):
                _restore(field)
            return
        # Side by side on a phone, too.
        with st.container(horizontal=True, width="content"):
            if st.button(
                _("Change"), key=f"fields_change_{field.id}", icon=":material/edit:"
            ):
                _change(field)
            if st.button(
                _("Archive"),
                key=f"fields_archive_{field.id}",
                icon=":material/archive:",
            ):
                _archive(field)


def _said(field: DocumentField) -> str:
    of = [_(TYPE_LABELS[DocumentType(name)]) for name in field.document_types]
    said = [
        _(KIND_LABELS[field.kind]),
        ", ".join(of) or _("All types of documents"),
        _("Required") if field.is_required else _("Optional"),
        f"`{field.key}`",
    ]
    if field.choices:
        said.insert(1, plain(", ".join(field.choices)))
    if field.is_archived:
        said.insert(0, _("Archived"))
    return " · ".join(said)


@dialog(marked("Change this field"), icon=":material/edit:")
def _change(field: DocumentField) -> None:
    with error_boundary():
        # What was typed about an earlier state must not be saved over a colleague's
        # change.
        key = f"fields_{field.id}_{stamp_of(field)}"
        definition = _definition(key, field.kind, field)
        st.caption(_("The new name appears wherever the field is shown."))
        if confirmed(_("Save field"), key="fields_change_save"):
            _do(
                lambda session: fields.change_field(
                    session, current_actor(), field.id, definition, seen=field
                ),
                _("The field is changed."),
            )


@dialog(marked("Archive this field?"), icon=":material/archive:")
def _archive(field: DocumentField) -> None:
    with error_boundary():
        st.markdown(
            _(
                "**{field}** is no longer filled in or required. Existing values are "
                "kept and can be searched. You can restore the field."
            ).format(field=plain(field.name))
        )
        if confirmed(_("Archive field"), key="fields_archive_confirm"):
            _do(
                lambda session: fields.archive_field(
                    session, current_actor(), field.id
                ),
                _("The field {field} is archived.").format(field=plain(field.name)),
            )


def _restore(field: DocumentField) -> None:
    _do(
        lambda session: fields.restore_field(session, current_actor(), field.id),
        _("The field {field} is in use again.").format(field=plain(field.name)),
    )


def _do(act: Callable[[Session], DocumentField], said: str) -> None:
    write(act)
    notify(said)
    st.rerun()


def _definition(
    key: str, kind: FieldKind, start: DocumentField | None = None
) -> FieldDefinition:
    """Ask what a field is called, what it holds, and which documents have it."""
    name = bounded_line(
        _("Name"),
        start.name if start else "",
        key=f"{key}_name",
        longest=LONGEST_NAME,
        placeholder=_("For example Laboratory number"),
    )
    unit, choices = "", ""
    if kind is FieldKind.NUMBER:
        unit = bounded_line(
            _("Unit"),
            start.unit if start else "",
            key=f"{key}_unit",
            longest=LONGEST_UNIT,
            placeholder=_("For example ml; empty if none"),
        )
    if kind is FieldKind.CHOICE:
        choices = st.text_area(
            _("Choices, one per line"),
            "\n".join(start.choices) if start else "",
            key=f"{key}_choices",
            help=_("A choice that documents use cannot be removed."),
        )
    types = st.multiselect(
        _("Types of documents with this field"),
        list(DocumentType),
        default=[DocumentType(name) for name in start.document_types] if start else [],
        format_func=lambda each: _(TYPE_LABELS[each]),
        key=f"{key}_document_types",
        placeholder=_("All types"),
    )
    is_required = st.checkbox(
        _("Required when documents of these types are filed"),
        start.is_required if start else False,
        key=f"{key}_required",
    )
    return FieldDefinition(
        name, unit, tuple(choices.splitlines()), tuple(types), is_required
    )
