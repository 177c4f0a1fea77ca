"""The servers that keep the records, one card each."""

from collections.abc import Sequence

import streamlit as st

from dashboard.context import NodeState


def cluster_nodes(nodes: Sequence[NodeState]) -> None:
    """Say whether all is well; show each server's part, lag and speed."""
    well = _is_well(nodes)
    banner = st.success if well else st.warning
    icon = ":material/check_circle:" if well else ":material/warning:"
    banner(_summary(nodes), icon=icon)
    with st.grid("auto", min_column_width=240):
        for node in sorted(nodes, key=lambda known: known.name):
            with st.container(border=True):
                st.markdown(f"**{node.name}**")
                _badge(node)
                st.caption(_figures(node))


def _summary(nodes: Sequence[NodeState]) -> str:
    """Say in a sentence whether all is well."""
    lost = [node.name for node in nodes if not node.reachable]
    if lost:
        return f"{', '.join(lost)} cannot be reached."
    if not any(node.role == "primary" for node in nodes):
        return "No server takes changes right now: the database is changing hands."
    return "All servers answer, and changes reach every replica."


def _is_well(nodes: Sequence[NodeState]) -> bool:
    """Tell whether every server answers and one of them leads."""
    return all(node.reachable for node in nodes) and any(
        node.role == "primary" for node in nodes
    )


def _badge(node: NodeState) -> None:
    if not node.reachable:
        st.badge("Cannot be reached", icon=":material/cloud_off:", color="red")
    elif node.role == "primary":
        st.badge("Primary", icon=":material/star:", color="blue")
    elif not node.is_fresh:
        st.badge("Replica, behind", icon=":material/hourglass:", color="orange")
    else:
        st.badge("Replica", icon=":material/check:", color="green")


def _figures(node: NodeState) -> str:
    if not node.reachable:
        return "It comes back by itself as soon as it answers again."
    parts = []
    if node.role == "replica" and node.lag_seconds is not None:
        parts.append(f"{node.lag_seconds:.1f} s behind")
    if node.lag_bytes:
        parts.append(f"{node.lag_bytes:,} bytes to replay")
    if node.latency_seconds is not None:
        parts.append(f"answers in {node.latency_seconds * 1000:.1f} ms")
    if node.timeline is not None:
        parts.append(f"timeline {node.timeline}")
    return "  \n".join(parts)
