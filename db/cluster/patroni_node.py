"""Patroni as a program: a server follows nobody who may lack a part of its log.

A primary that dies may have log that no replica has. Back as a replica it tells the new
primary how far its log reaches, and PostgreSQL takes that for an acknowledgement: until
the new primary has written as much, COMMIT waits for nobody. Patroni 4.1 lets a server
follow first and looks afterwards whether it has to be rewound, wherever it cannot tell
at once: while the new primary is being promoted, or PostgreSQL seems to be starting.

And a server that waits for log while it starts is told whom to follow by now: see
`UpstreamOfStarting`.

`python -m db.cluster.patroni_node CONFIGURATION` is `patroni CONFIGURATION` with those
rules. This file needs nothing but Patroni, so that it can be put on other machines.
"""

import sys
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, NoReturn

# First: Patroni's modules import each other in a circle that only opens here.
import patroni.postgresql  # isort: skip
import patroni.ha
from patroni import psycopg
from patroni.__main__ import main
from patroni.postgresql.misc import parse_history, parse_lsn

_CLEAN: Final = "shut down"
# Longer than a start takes that needs no more log than is there.
_STARTING_SECONDS: Final = 5.0
_REPLICAS: Final = ("shut down in recovery", "in archive recovery")


class LogEnd(NamedTuple):
    """Where a log ends: at which position of which timeline."""

    timeline: int
    position: int


class CarefulFollower:
    """Decides for one server whether it may follow the leader."""

    def __init__(self) -> None:
        self._followed: str | None = None
        self._is_logged = False

    def choose(self, ha: Any, cluster: Any, node: Any) -> Any:
        """Return whom to follow: the node that Patroni has chosen, or nobody yet."""
        if cluster.leader is None:
            # For a round nobody may hold the key; who follows goes on.
            return node
        followed, self._followed = self._followed, None
        if node is None or node.name != cluster.leader.name:
            # No commit waits for who follows another than the primary.
            return node
        if ha.is_standby_cluster():
            # Nor for anybody at a site that follows another. Once that is promoted,
            # it is looked at again, because nobody counts as followed here.
            return node
        server, rewind = ha.state_handler, ha._rewind
        if server.is_running() and (ha.is_paused() or server.is_primary()):
            # Paused, Patroni promises to leave it as it is; and one that still leads is
            # stopped at once, whomever it follows then.
            return node
        is_followed = followed == node.name and server.is_running()
        if is_followed or self._may_follow(ha, node):
            self._followed, self._is_logged = node.name, False
            return node
        if not rewind.failed:
            # Patroni then looks by itself, as soon as the leader is promoted. What it
            # has tried in vain it does not try again: the server has to be copied.
            rewind.trigger_check_diverged_lsn()
        if not self._is_logged:
            patroni.ha.logger.warning(
                "%s may lack a part of this server's log: following nobody until "
                "that is known, or until this server is rewound",
                node.name,
            )
        self._is_logged = True
        return None

    def _may_follow(self, ha: Any, leader: Any) -> bool:
        server, rewind = ha.state_handler, ha._rewind
        if not leader.conn_url:
            # Without an address it would be asked of whoever answers here.
            return False
        is_running = server.is_running()
        # A copy of the leader's data, which it has yet to replay: only with more of the
        # leader's log can it say where its own ends.
        is_copy = server.was_restored_from_backup() or (
            rewind.executed and not rewind.failed
        )
        if is_copy and not is_running:
            return True
        try:
            end = _running_end(server) if is_running else _stopped_end(server, rewind)
        except psycopg.Error as error:
            patroni.ha.logger.info("This server does not tell where it ends: %s", error)
            return is_copy
        try:
            return end is not None and _has_all(server, leader, end, rewind)
        except psycopg.Error as error:
            patroni.ha.logger.info("The leader does not tell where it ends: %s", error)
            return False


def _running_end(server: Any) -> LogEnd:
    with _asking(server, server.config.local_replication_address) as cursor:
        return _identify(cursor)


def _stopped_end(server: Any, rewind: Any) -> LogEnd | None:
    """Return where the log of a stopped server ends; None if only a start can tell."""
    control = server.controldata()
    state = control.get("Database cluster state")
    if state == _CLEAN:
        timeline = int(control["Latest checkpoint's TimeLineID"])
        start = parse_lsn(control["Latest checkpoint location"])
        # It was written last.
        position = rewind._get_checkpoint_end(timeline, start)
        return LogEnd(timeline, position) if position else None
    if state in _REPLICAS:
        timeline = int(control["Min recovery ending loc's timeline"])
        # Of a primary that has crashed, nobody has noted it.
        position = parse_lsn(control["Minimum recovery ending location"])
        return LogEnd(timeline, position) if position else None
    return None


def _has_all(server: Any, leader: Any, end: LogEnd, rewind: Any) -> bool:
    """Tell whether the leader's log has all of another, and goes on from it."""
    with _asking(server, leader.conn_kwargs()) as cursor:
        timeline, written = _identify(cursor)
        position: int | None = written
        if timeline > end.timeline:
            cursor.execute(f"TIMELINE_HISTORY {timeline}".encode())
            position = _fork(cursor.fetchone()[1], end.timeline)
    if timeline == end.timeline and _has_to_be_rewound(rewind, leader):
        # Another timeline that bears the same number: positions say nothing of that.
        return False
    return (
        timeline >= end.timeline and position is not None and end.position <= position
    )


def _has_to_be_rewound(rewind: Any, leader: Any) -> bool:
    """Tell whether Patroni knows that the server has to be rewound.

    Where it cannot know, because the leader answers replicas alone, positions decide:
    who has no more than the leader acknowledges nothing that it has not got.
    """
    return bool(rewind.rewind_or_reinitialize_needed_and_possible(leader))


def _fork(history: str | bytes, timeline: int) -> int | None:
    """Return where a timeline ends in the history of a later one, if it is in it."""
    text = history if isinstance(history, str) else history.decode()
    return next(
        (end for origin, end, _ in parse_history(text) if origin == timeline), None
    )


def _identify(cursor: Any) -> LogEnd:
    cursor.execute("IDENTIFY_SYSTEM")
    _, timeline, position, *_ = cursor.fetchone()
    return LogEnd(int(timeline), parse_lsn(position))


def _asking(server: Any, address: Mapping[str, Any]) -> Any:
    return server.get_replication_connection_cursor(**address)


class UpstreamOfStarting:
    """Has a server that starts follow whoever leads by now, not who led before.

    Patroni chooses before the start, and again once the server is consistent, for which
    it may need log. The leader of a standby site that was rewound is restarted while
    nobody leads there: it is told to follow the main site by the slot of the site. The
    next leader has that slot a moment later, so no log comes, and Patroni waits for
    ever for the start to end.
    """

    def look(self, ha: Any) -> None:
        """Look at a server before each of Patroni's rounds."""
        server, cluster = ha.state_handler, ha.cluster
        if (
            cluster is None
            or cluster.leader is None
            or cluster.leader.name == server.name
            or ha.is_paused()
            or not server.is_starting()
            # Until then its configuration is being written, or it is about to be ready.
            or server.time_in_state() < _STARTING_SECONDS
            or not server.is_running()
        ):
            return
        node = ha._get_node_to_follow(cluster)
        if node is None:
            return
        config = server.config
        wanted = config.build_recovery_params(node)
        known = dict(config._recovery_params.items())
        # Writing takes it out, as it is no setting of PostgreSQL's any more.
        if known == {k: v for k, v in wanted.items() if k != "standby_mode"}:
            return
        patroni.ha.logger.info("Still starting, now following %s", node.name)
        config.write_recovery_conf(wanted)
        config.write_postgresql_conf()
        server.reload(block_callbacks=True)


def follow_with_care() -> None:
    """Have this process's Patroni follow nobody who may lack a part of its log.

    And whoever leads, also while the server starts.
    """
    follower, choose = CarefulFollower(), patroni.ha.Ha._get_node_to_follow
    upstream, run_cycle = UpstreamOfStarting(), patroni.ha.Ha._run_cycle

    def choose_with_care(ha: Any, cluster: Any) -> Any:
        return follower.choose(ha, cluster, choose(ha, cluster))

    def look_and_run(ha: Any) -> Any:
        upstream.look(ha)
        return run_cycle(ha)

    patroni.ha.Ha._get_node_to_follow = choose_with_care
    patroni.ha.Ha._run_cycle = look_and_run


def run() -> NoReturn:
    """Be Patroni, with those rules."""
    follow_with_care()
    sys.exit(main())


if __name__ == "__main__":
    run()
