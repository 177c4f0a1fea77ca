"""The facts of one connected system, and what its programmers need."""

from uuid import UUID

import streamlit as st

from dashboard import wiring
from dashboard.context import current_actor, read
from dashboard.people.connected_systems.system_form import exports_words, type_words
from dashboard.ui.language import gettext as _
from dashboard.ui.words import at, plain, role_label
from dashboard.web.public_address import public_address
from services.core.errors import NotFound
from services.people import connected_systems
from services.people.connected_systems import (
    ConnectedSystem,
    KeysUnavailable,
    PublicKey,
    SystemExports,
    SystemKeys,
)


def chosen_system() -> ConnectedSystem:
    """Return the system that the address names, or raise NotFound."""
    try:
        system_id = UUID(st.query_params.get("system", ""))
    except ValueError as error:
        raise NotFound(
            _("No system matches this address. Open it from the list.")
        ) from error
    actor = current_actor()
    return read(lambda session: connected_systems.get_system(session, actor, system_id))


def system_details(system: ConnectedSystem) -> None:
    """Show whether it is on and how it last fared; then what its programmers need."""
    with st.container(horizontal=True):
        st.badge(role_label(system.role), icon=":material/badge:", color="gray")
        if system.is_on:
            st.badge(_("On"), icon=":material/check_circle:", color="green")
        else:
            st.badge(_("Off"), icon=":material/block:", color="gray")
    st.caption(" · ".join(_facts(system)))
    if system.refused_at and system.refusal:
        st.warning(
            _("Last refused {time}: {why}").format(
                time=at(system.refused_at), why=plain(_(system.refusal))
            ),
            icon=":material/warning:",
        )
    st.subheader(_("For its developers"), anchor=False)
    settings = wiring.current().settings
    base = f"{public_address(settings)}/fhir"
    st.caption(_("client_id"))
    st.code(str(system.id), language=None)
    st.caption(_("Addresses for FHIR and tokens"))
    st.code(f"{base}\n{base}/auth/token", language=None, wrap_lines=True)
    st.subheader(_("It reads"), anchor=False)
    st.markdown(", ".join(map(type_words, system.resource_types)))
    st.subheader(_("It exports in bulk"), anchor=False)
    if system.exports is not SystemExports.NOTHING:
        purpose = plain(system.export_purpose or "")
        st.markdown(f"{exports_words(system.exports)}: {purpose}")
    else:
        st.caption(_("Nothing: it reads what it asks for, and exports nothing."))


def show_keys(system: ConnectedSystem) -> None:
    """Show the ids of its keys; those at an address are fetched on request."""
    st.subheader(_("Public keys"), anchor=False)
    if system.keys.url is None:
        _list_keys(system.keys.kept)
        return
    st.code(system.keys.url, language=None, wrap_lines=True)
    if st.button(_("Check the keys"), key="system_fetch", icon=":material/key:"):
        hosts = wiring.current().settings.jwks_hosts
        try:
            with st.spinner(_("The keys are fetched.")):
                keys = SystemKeys(hosts).fetch(system.keys.url)
        except KeysUnavailable as error:
            st.error(_(str(error)), icon=":material/error:")
            return
        _list_keys(keys)


def _list_keys(keys: tuple[PublicKey, ...]) -> None:
    if not keys:
        st.warning(_("None of the keys there can be used."), icon=":material/warning:")
    for key in keys:
        st.markdown(f"- **{plain(key.id)}** · {key.algorithm}")


def _facts(system: ConnectedSystem) -> list[str]:
    return [
        _("connected {time}").format(time=at(system.created_at)),
        _("last token {time}").format(time=at(system.token_issued_at))
        if system.token_issued_at
        else _("no token yet"),
        _("last call {time}").format(time=at(system.called_at))
        if system.called_at
        else _("no calls yet"),
    ]
