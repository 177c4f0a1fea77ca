"""The operations on one server, on its page."""

from dataclasses import dataclass
from typing import Final

import streamlit as st

from dashboard.cluster.operations.cluster_view import is_embedded
from dashboard.cluster.operations.operation_requests import ask_reason, start_operation
from dashboard.cluster.operations.own_servers import show_own_commands
from dashboard.navigation import go
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.words import plain
from services.cluster.operations import (
    OperationKind,
    OperationRequest,
    ServerSituation,
    Situation,
)
from services.core import reasons

_PAGE: Final = "server"
_PAUSES: Final = (15, 30, 60, 120, 300)


@dataclass(frozen=True, slots=True)
class _OfferedOperation:
    """An operation on offer: the label of its button, and its effect as text.

    An operation that removes something describes it (`loss`), and asks for
    confirmation.
    """

    kind: OperationKind
    label: str
    icon: str
    effect: str
    loss: str = ""


_REJOIN: Final = _OfferedOperation(
    OperationKind.REJOIN,
    marked("Rejoin"),
    "link",
    marked(
        "Brings back a server that has dropped out: what only it has is rewound, and "
        "if that does not help, the primary's data is copied anew. Shows its progress "
        "until it streams."
    ),
)
_RESTART: Final = _OfferedOperation(
    OperationKind.RESTART,
    marked("Restart PostgreSQL"),
    "restart_alt",
    marked(
        "Restarts PostgreSQL on this server; meanwhile readers use the other servers."
    ),
)
_RESTART_PRIMARY: Final = _OfferedOperation(
    OperationKind.RESTART,
    marked("Restart the primary"),
    "restart_alt",
    marked(
        "Nothing can be saved while it restarts. Switch over first to avoid that: "
        "then this server is a replica, and its restart keeps nobody waiting."
    ),
)
_REINIT: Final = _OfferedOperation(
    OperationKind.REINIT,
    marked("Copy anew"),
    "content_copy",
    marked(
        "Deletes this server's data and copies the primary's. Takes as long as the "
        "copy; meanwhile nobody reads from it."
    ),
    loss=marked(
        "The primary has all the records, and nothing is taken from it. What only "
        "this server has is permanently lost."
    ),
)
_REMOVE: Final = _OfferedOperation(
    OperationKind.REMOVE_REPLICA,
    marked("Remove this server"),
    "delete",
    marked("Stops it and deletes its data. The others keep everything."),
    loss=marked(
        "It does not come back, and there is one server fewer to take over. You can "
        "add another replica under Cluster settings, which copies all the records "
        "again."
    ),
)


def show_server_operations(server: ServerSituation, situation: Situation) -> None:
    """Ask for the reason, and offer the operations on the server."""
    reason = ask_reason(_PAGE)
    if server.is_leading:
        _offer(_RESTART_PRIMARY, server, reason)
        if st.button(
            _("Change the primary"), key="server_switch", icon=":material/swap_horiz:"
        ):
            go("cluster/switchover.py")
        return
    streams = server.is_answering and server.is_streaming
    _offer(_REJOIN, server, reason, is_advised=not streams)
    _offer(_RESTART, server, reason)
    _offer(_REINIT, server, reason)
    if is_embedded():
        _offer_pause(server, reason)
        _offer(_REMOVE, server, reason)
    else:
        show_own_commands("remove", server.name, has_patroni=bool(situation.servers))


def _offer(
    offer: _OfferedOperation,
    server: ServerSituation,
    reason: str,
    *,
    is_advised: bool = False,
) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(_(offer.effect), width="stretch")
        is_wanted = st.button(
            _(offer.label),
            type="primary" if is_advised else "secondary",
            key=f"server_{offer.kind.value}",
            icon=f":material/{offer.icon}:",
        )
    if not is_wanted:
        return
    # Drawn below the box, not squeezed beside the button: it may be refused.
    request = OperationRequest(offer.kind, reason, server.name)
    if not offer.loss:
        start_operation(request)
        return
    with error_boundary():
        reasons.read(reason)
        _make_sure(offer, request)


@dialog(marked("Delete a server's data?"), icon=":material/delete_forever:")
def _make_sure(offer: _OfferedOperation, request: OperationRequest) -> None:
    """Name the server and what is lost with it, and ask for confirmation."""
    with error_boundary():
        server = plain(request.node or "")
        st.markdown(f"**{server}**: {_(offer.effect)} {_(offer.loss)}")
        if confirmed(
            _(offer.label), key=f"server_{offer.kind.value}_confirm", is_final=True
        ):
            start_operation(request)


def _offer_pause(server: ServerSituation, reason: str) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            _(
                "This server receives changes but shows nothing new for a while, to "
                "see what lag looks like. It continues by itself."
            ),
            width="stretch",
        )
        seconds = st.selectbox(
            _("Seconds"), _PAUSES, index=1, key="server_pause_seconds", width=110
        )
        is_wanted = st.button(
            _("Pause replay"),
            key="server_pause-replay",
            icon=":material/pause_circle:",
        )
    if is_wanted:
        start_operation(
            OperationRequest(
                OperationKind.PAUSE_REPLAY, reason, server.name, seconds=seconds
            )
        )
