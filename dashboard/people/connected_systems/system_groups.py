"""The groups of patients of a connected system: listed, granted, withdrawn."""

from typing import Final

import streamlit as st

from dashboard.context import current_actor, current_sign_in, read, write
from dashboard.people.passkey_confirmation import has_confirmed
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields.distinct_labels import distinct_labels
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.notices import notify
from dashboard.ui.words import at, plain
from services.fhir import bulk_exports
from services.fhir.bulk_exports.model import GroupGrant, SavedGroup
from services.people import connected_systems
from services.people.connected_systems import ConnectedSystem, SystemExports

_KINDS: Final = {"patients": marked("List"), "cohorts": marked("Cohort")}


def show_groups(system: ConnectedSystem) -> None:
    """Show a system's granted groups; offer more if it exports for a purpose.

    Nothing is shown for a system whose role exports nothing.
    """
    if not connected_systems.may_export(system.role):
        return
    st.subheader(_("Groups granted to it"), anchor=False)
    actor = current_actor()
    granted = read(lambda s: bulk_exports.list_grants(s, actor, system.id))
    for group in granted:
        _show_group(system, group)
    if not granted:
        st.caption(_("No group is granted to it."))
    if system.exports is SystemExports.NOTHING:
        st.caption(
            _(
                "It exports nothing, not even a group. Choose what it exports under "
                "*Change*."
            )
        )
        return
    if system.exports is SystemExports.GROUPS:
        st.caption(
            _(
                "It exports these groups and nobody else. It can read single patients "
                "whom its role sees."
            )
        )
    else:
        st.caption(
            _(
                "It may export everything it reads. A group is something it can ask "
                "for, and does not limit it; to do that, choose *Its groups only* "
                "under *Change*."
            )
        )
    if has_confirmed(_("Granting a group"), key="system_groups_passkey"):
        with error_boundary():
            _offer_groups(system)


def _show_group(system: ConnectedSystem, group: GroupGrant) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            with st.container(width="stretch", gap="xxsmall"):
                st.markdown(f"**{plain(group.name)}**")
                st.caption(
                    _("{kind} · saved by {name} · granted {time}").format(
                        kind=_(_KINDS[group.subject]),
                        name=plain(group.saved_by),
                        time=at(group.granted_at),
                    )
                )
            if st.button(_("Withdraw"), key=f"system_withdraw_{group.id}"):
                _confirm_withdrawing(system, group)
        st.code(f"Group/{group.id}/$export", language=None, wrap_lines=True)


def _offer_groups(system: ConnectedSystem) -> None:
    """Ask for a saved list or cohort, and grant it."""
    actor, page = current_actor(), f"system_{system.id}"
    people = read(lambda s: bulk_exports.list_people_with_groups(s, actor, system.role))
    if not people:
        st.caption(
            _("Nobody has saved a list or a cohort that this system could be granted.")
        )
        return
    labels = distinct_labels(people)
    with st.container(border=True):
        owner = st.selectbox(
            _("Saved by"),
            list(people),
            index=None,
            key=f"{page}_group_owner",
            format_func=lambda user_id: labels.get(user_id, ""),
            placeholder=_("Choose a colleague"),
        )
        saved = read(
            lambda s: (
                bulk_exports.list_saved_groups(s, actor, system.role, owner)
                if owner
                else ()
            )
        )
        group = st.selectbox(
            _("List or cohort"),
            saved,
            index=None,
            key=f"{page}_group",
            format_func=lambda each: f"{each.name} ({_(_KINDS[each.subject])})",
            placeholder=_("Choose what they have saved"),
            disabled=not saved,
            help=_(
                "It is granted as it is now: renaming or deleting it later changes "
                "nothing here. The system gets those of its patients whom its own "
                "role may see."
            ),
        )
        wanted = st.button(
            _("Grant"),
            key=f"{page}_grant",
            icon=":material/group_add:",
            disabled=group is None,
        )
        if wanted and group:
            _grant(system, group)


def _grant(system: ConnectedSystem, group: SavedGroup) -> None:
    actor, sign_in = current_actor(), current_sign_in()
    write(
        lambda s: bulk_exports.grant(s, actor, system.id, group.id, session_id=sign_in)
    )
    notify(
        _("{name} is granted to {system}.").format(
            system=plain(system.name), name=plain(group.name)
        ),
        icon="group_add",
    )
    st.rerun()


@dialog(marked("Withdraw this group?"), icon=":material/group_remove:")
def _confirm_withdrawing(system: ConnectedSystem, group: GroupGrant) -> None:
    with error_boundary():
        st.markdown(
            _(
                "**{system}** can no longer export the group **{name}**. Exports of "
                "it that are running stop, and finished ones are deleted, unless "
                "another of its groups asks for the same. It can be granted again as "
                "long as it is saved."
            ).format(system=plain(system.name), name=plain(group.name))
        )
        if confirmed(_("Withdraw group"), key="system_withdraw_confirm", is_final=True):
            actor = current_actor()
            write(lambda s: bulk_exports.withdraw(s, actor, system.id, group.id))
            notify(
                _("{name} is withdrawn.").format(name=plain(group.name)),
                icon="group_remove",
            )
            st.rerun()
