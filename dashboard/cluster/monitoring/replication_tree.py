"""Turns the state of the servers into the picture of who follows whom."""

from typing import Final

from dashboard.cluster.monitoring.topology import Line, ServerBox, Tone
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.language.recorded_sentences import translate_recorded
from dashboard.ui.measures import seconds
from services.cluster.monitoring import ClusterSnapshot, NodeSnapshot

# A healthy replica shows smaller lags now and then.
LATE_SECONDS: Final = 5.0

WAITED_FOR: Final = {
    "quorum": marked("quorum"),
    "sync": marked("synchronous"),
    "potential": marked("next in line"),
    "async": marked("asynchronous"),
}


def boxes_of(snapshot: ClusterSnapshot) -> tuple[ServerBox, ...]:
    """Return the servers as boxes: the leader first, then by name."""
    primary = snapshot.primary
    nodes = sorted(snapshot.nodes, key=lambda node: (node is not primary, node.name))
    return tuple(_box(snapshot, node) for node in nodes)


def describe_tree(snapshot: ClusterSnapshot) -> str:
    """Return the picture's content as text."""
    return " ".join(map(_described, boxes_of(snapshot)))


def _described(box: ServerBox) -> str:
    facts = ", ".join(filter(None, (box.part, box.first, box.second)))
    if not box.upstream:
        return f"{box.name}: {facts}."
    return _("{server}: {facts}, follows {upstream}.").format(
        server=box.name, facts=facts, upstream=box.upstream
    )


def part_of(snapshot: ClusterSnapshot, node: NodeSnapshot) -> tuple[str, str, Tone]:
    """Return a server's present part: its name, an icon and a tone."""
    if node.site is not None:
        return _part_of_site(node)
    if not node.is_answering:
        return _("Not answering"), "cloud_off", "danger"
    if node is snapshot.primary:
        return _("Primary"), "star", "info"
    if node.role == "primary":
        return _("Calls itself primary"), "warning", "danger"
    return next(shown for holds, shown in _parts(node) if holds)


def _part_of_site(node: NodeSnapshot) -> tuple[str, str, Tone]:
    """Return the part of another site's server, which this site only hears about."""
    if not node.is_streaming:
        return _("Standby site, cut off"), "link_off", "warn"
    late = (node.lag_seconds or 0.0) > LATE_SECONDS
    if late:
        return _("Standby site, behind"), "hourglass", "warn"
    return _("Standby site"), "public", "info"


def _parts(node: NodeSnapshot) -> tuple[tuple[bool, tuple[str, str, Tone]], ...]:
    """Return a replica's possible states, worst first; the first that holds counts."""
    late = (node.lag_seconds or 0.0) > LATE_SECONDS
    return (
        (node.is_diverged, (_("Diverged"), "call_split", "danger")),
        (not node.is_streaming, (_("Not streaming"), "link_off", "warn")),
        (node.is_replay_paused, (_("Replay paused"), "pause_circle", "warn")),
        (bool(node.tags.delayed_seconds), (_("Delayed standby"), "history", "info")),
        (late, (_("Replica, behind"), "hourglass", "warn")),
        (True, (_("Replica"), "check", "ok")),
    )


def _box(snapshot: ClusterSnapshot, node: NodeSnapshot) -> ServerBox:
    part, icon, tone = part_of(snapshot, node)
    is_fed = node.is_heard_of and node.is_streaming
    waited = node.sync in {"quorum", "sync"}
    line: Line = ("waited" if waited else "loose") if is_fed else "broken"
    return ServerBox(
        node.name,
        part,
        icon,
        tone,
        first=_first(node),
        second=_second(node),
        upstream=None if node is snapshot.primary else _upstream(snapshot, node),
        line=line,
        label=_waited_for(node) if is_fed else _("nothing flows"),
    )


def _upstream(snapshot: ClusterSnapshot, node: NodeSnapshot) -> str | None:
    """Return the server that this one follows, or would follow if it could."""
    if node.role == "primary" and node.is_answering:
        return None
    return node.upstream or (snapshot.primary.name if snapshot.primary else None)


def _first(node: NodeSnapshot) -> str:
    if not node.is_heard_of or not (node.role == "primary" or node.is_streaming):
        return translate_recorded(node.state)
    timeline = lsn = ""
    if node.timeline is not None:
        timeline = _("timeline {timeline}").format(timeline=node.timeline)
    if node.lsn:
        lsn = _("at {lsn}").format(lsn=node.lsn)
    return ", ".join(filter(None, (timeline, lsn)))


def _second(node: NodeSnapshot) -> str:
    if not node.is_heard_of or node.role == "primary":
        return ""
    late = node.tags.delayed_seconds
    if late:
        return _("{span} delayed on purpose, never leads").format(span=seconds(late))
    behind = _("{distance} behind").format(distance=seconds(node.replay.seconds))
    return ", ".join(filter(None, (behind, _waited_for(node))))


def _waited_for(node: NodeSnapshot) -> str:
    return _(WAITED_FOR[node.sync]) if node.sync in WAITED_FOR else ""
