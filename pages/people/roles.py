"""What each role may do: the table that governs pages, API and services alike."""

import streamlit as st

from dashboard.context import current_actor
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header
from dashboard.ui.record_table import Cell, Column, Row, record_table
from services.core.actors import PERMISSIONS, Permission, Role

_MAY = Cell(_("Yes"), "ok", "check")
_MAY_NOT = Cell(_("No"), "muted")


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


actor = current_actor()
page_header(_("What each role may do"))
st.caption(
    _(
        "Your role is {role}. Administrators give people their roles. A program's "
        "token has a role too, and its scopes limit what it may do."
    ).format(role=_(actor.role))
)
record_table(
    [Column(_("Permission")), *(Column(_(role).capitalize()) for role in Role)],
    [
        Row(
            permission.name,
            (
                Cell(_capitalised(_(permission))),
                *(_MAY if permission in PERMISSIONS[r] else _MAY_NOT for r in Role),
            ),
        )
        for permission in Permission
    ],
    name=_("What each role may do"),
    key="roles_table",
)
st.caption(
    _(
        "Clinicians see the patients they treat; they can open another record only "
        "with a reason, which is reviewed. Analysts see no names. The database "
        "enforces these rules too."
    )
)
