"""Tells whether every node of a cluster plays its part."""

from collections.abc import Sequence
from typing import Final

from db.embedded.servers.postgres_nodes import Node

# Patroni's words for a standby that works and does not stream yet.
_REPLAYING: Final = frozenset({"running", "in archive recovery"})


def is_whole(nodes: Sequence[Node]) -> bool:
    """Tell whether one leads, all others follow, and commits wait for one of them.

    Each is asked itself as well: what the primary's Patroni says of a server that has
    just died or been frozen is a moment old.
    """
    primary = next((node for node in nodes if node.is_primary), None)
    if primary is None or not all(node.answers("/health") for node in nodes):
        return False
    answer = primary.ask("/cluster")
    found = answer.body.get("members", []) if answer else []
    following = {
        m["name"]: m["role"]
        for m in found
        if m["state"] == "streaming"
        # Started again, a delayed standby first takes its time with what it has.
        or (m["role"] == "replica" and m["state"] in _REPLAYING)
    }
    return following == {
        node.name: "replica" if node.is_delayed else "quorum_standby"
        for node in nodes
        if node is not primary
    }
