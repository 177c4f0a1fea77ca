"""How documents are kept: for how long, what is on hold, the state of their files."""

from typing import Final

import streamlit as st

from dashboard.context import CachedRead, current_actor, freshness, now, read_all, today
from dashboard.documents.retention import retention_actions
from dashboard.documents.retention.erasures import show_erasures
from dashboard.documents.retention.integrity_state import show_integrity
from dashboard.documents.retention.retention_tables import (
    damage_table,
    dues_table,
    holds_table,
)
from dashboard.people.passkey_confirmation import ask_for_passkey
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import decimal, gettext as _
from dashboard.ui.page_header import page_header
from services.documents import erasure, retention

_SECONDS: Final = 30.0

actor = current_actor()
page_header(_("Retention"))
st.caption(
    _(
        "How long documents are kept after their last change, and whether every file "
        "is unchanged. Documents are not named here."
    )
)
# The rules must be current: somebody told that a colleague has changed one would
# otherwise see the old one again, and be refused again.
on = today()
status, erasures, rules, erasure_rule = read_all(
    CachedRead(
        lambda session: retention.read_overview(session, actor),
        ("retention", actor.id),
        _SECONDS,
    ),
    CachedRead(
        lambda session: erasure.read_due_erasures(session, actor, today=on),
        ("erasures", actor.id),
        _SECONDS,
    ),
    CachedRead(retention.list_rules),
    CachedRead(erasure.find_rule),
)
ask_for_passkey(_("Changing a rule, or releasing a hold,"))
for column, rule in zip(st.columns(len(rules)), rules, strict=True):
    with column:
        retention_actions.change_rule(rule)
st.caption(
    _(
        "A changed rule takes effect after a week; until then nothing of its class is "
        "purged. Of a purged document, only a tombstone is kept: who filed it and "
        "when, its size and hash."
    )
)
st.subheader(_("What is due"), anchor=False)
dues_table(status.dues, key="retention_dues")
st.subheader(_("Legal holds"), anchor=False)
if status.holds:
    released = holds_table(status.holds, key="retention_holds")
    held = sum(of_class.held for of_class in status.dues)
    if held > len(status.holds):
        st.caption(
            _(
                "The {shown} longest held of {count} are listed. The others follow "
                "when some of these are released."
            ).format(shown=decimal(len(status.holds)), count=decimal(held))
        )
    if released:
        retention_actions.confirm_release(released)
else:
    empty_state(_("Nothing is on hold."), icon="lock_open")
st.subheader(_("Archived patients"), anchor=False)
show_erasures(erasures, erasure_rule)
st.subheader(_("Files"), anchor=False)
show_integrity(status.walk, status.runs, status.pending_deletions, now())
if status.walk.damaged:
    damage_table(status.walk.damaged, key="retention_damaged")
st.caption(freshness())
