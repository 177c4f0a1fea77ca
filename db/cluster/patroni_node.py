"""Patroni as a program: a server follows no leader that may lack a part of its log.

A primary that dies may have log that no replica has. When it is back as a replica it
reports to the new primary how far its log reaches, and PostgreSQL takes that for an
acknowledgement: until the new primary has written as much, COMMIT waits for nobody.
Patroni 4.1 lets a server follow first and checks afterwards whether it has to be
rewound, whenever it cannot decide at once: while the new primary is being promoted, or
while PostgreSQL seems to be starting.

In addition, a server that waits for log while it starts is given the present leader to
follow: see `UpstreamOfStarting`.

`python -m db.cluster.patroni_node CONFIGURATION` is `patroni CONFIGURATION` with those
rules. This file needs nothing but Patroni, so that it can be put on other machines.
"""

import sys
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, NoReturn

# First: Patroni's modules import each other in a cycle that only resolves from here.
import patroni.postgresql  # isort: skip
import patroni.ha
from patroni import psycopg
from patroni.__main__ import main
from patroni.exceptions import PostgresConnectionException
from patroni.postgresql.misc import format_lsn, parse_history, parse_lsn

_CLEAN: Final = "shut down"
# Longer than a start takes that needs no more log than is there.
_STARTING_SECONDS: Final = 5.0
_REPLICAS: Final = ("shut down in recovery", "in archive recovery")


class LogEnd(NamedTuple):
    """Where a log ends: a position on a timeline."""

    timeline: int
    position: int


class CarefulFollower:
    """Decides for one server whether it may follow the leader."""

    def __init__(self) -> None:
        self._followed: str | None = None
        self._is_logged = False

    def choose(self, ha: Any, cluster: Any, node: Any) -> Any:
        """Return the node to follow: the one that Patroni has chosen, or None yet."""
        if cluster.leader is None:
            # For a round nobody may hold the key; replicas go on following.
            return node
        followed, self._followed = self._followed, None
        if node is None or node.name != cluster.leader.name:
            # No commit waits for a server that follows another than the primary.
            return node
        if ha.is_standby_cluster():
            # Nor does one wait for a server at a standby site. After a promotion there
            # the check is made again, because no node is recorded as followed here.
            return node
        server, rewind = ha.state_handler, ha._rewind
        if server.is_running() and (ha.is_paused() or server.is_primary()):
            # While paused, Patroni promises to leave it as it is; and a server that
            # still leads is stopped at once, whomever it follows then.
            return node
        is_followed = followed == node.name and server.is_running()
        if is_followed or self._may_follow(ha, node):
            self._followed, self._is_logged = node.name, False
            return node
        if not rewind.failed:
            # Patroni then checks by itself, as soon as the leader is promoted. It does
            # not repeat a rewind that has failed: the server has to be copied.
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
            # Without an address the question would go to whichever server answers here.
            return False
        is_running = server.is_running()
        # It is a copy of the leader's data that has yet to be replayed: only with more
        # of the leader's log can it say where its own ends.
        is_copy = server.was_restored_from_backup() or (
            rewind.executed and not rewind.failed
        )
        if is_copy and not is_running:
            return True
        try:
            end = _running_end(server) if is_running else _stopped_end(server, rewind)
        except psycopg.Error as error:
            patroni.ha.logger.info(
                "The end of this server's log is not known: %s", error
            )
            return is_copy
        try:
            return end is not None and _has_all(server, leader, end, rewind)
        except psycopg.Error as error:
            patroni.ha.logger.info(
                "The end of the leader's log is not known: %s", error
            )
            return False


def _running_end(server: Any) -> LogEnd:
    """Return where a running server's log ends.

    The last that a replica has received may be the beginning of a record whose rest
    died with the primary. That is no log: Patroni does not rewind it, and nobody
    acknowledges it, since a new receiver reports what is replayed (WalReceiverMain in
    PostgreSQL's walreceiver.c). Otherwise it would follow nobody for ever.
    """
    with _asking(server, server.config.local_replication_address) as cursor:
        end = _identify(cursor)
    try:
        replayed: int | None = server.replay_lsn()
        is_streaming = server.replication_state() == "streaming"
    except PostgresConnectionException:
        return end
    if (
        replayed is None
        or replayed >= end.position
        or is_streaming
        or _has_record(server, LogEnd(end.timeline, replayed))
    ):
        return end
    return LogEnd(end.timeline, replayed)


def _has_record(server: Any, place: LogEnd) -> bool:
    """Return whether a whole record begins there; True if that is not known."""
    record, _ = server.waldump(place.timeline, format_lsn(place.position), 1)
    return record is None or bool(record.strip())


def _stopped_end(server: Any, rewind: Any) -> LogEnd | None:
    """Return where a stopped server's log ends; None if only a start can tell."""
    control = server.controldata()
    state = control.get("Database cluster state")
    if state == _CLEAN:
        timeline = int(control["Latest checkpoint's TimeLineID"])
        start = parse_lsn(control["Latest checkpoint location"])
        # The checkpoint of a clean shutdown is the last record of the log.
        position = rewind._get_checkpoint_end(timeline, start)
        return LogEnd(timeline, position) if position else None
    if state in _REPLICAS:
        timeline = int(control["Min recovery ending loc's timeline"])
        # Unset for a primary that has crashed.
        position = parse_lsn(control["Minimum recovery ending location"])
        return LogEnd(timeline, position) if position else None
    return None


def _has_all(server: Any, leader: Any, end: LogEnd, rewind: Any) -> bool:
    """Return whether the leader's log contains all of another one and continues it."""
    with _asking(server, leader.conn_kwargs()) as cursor:
        timeline, written = _identify(cursor)
        position: int | None = written
        if timeline > end.timeline:
            cursor.execute(f"TIMELINE_HISTORY {timeline}".encode())
            position = _fork(cursor.fetchone()[1], end.timeline)
    if timeline == end.timeline and _has_to_be_rewound(rewind, leader):
        # Another timeline with the same number: positions say nothing about that.
        return False
    return (
        timeline >= end.timeline and position is not None and end.position <= position
    )


def _has_to_be_rewound(rewind: Any, leader: Any) -> bool:
    """Return whether Patroni knows that the server has to be rewound.

    If it cannot know, because the leader answers replicas only, positions decide: a
    server with no more log than the leader acknowledges nothing that the leader lacks.
    """
    return bool(rewind.rewind_or_reinitialize_needed_and_possible(leader))


def _fork(history: str | bytes, timeline: int) -> int | None:
    """Return where a timeline ends in a later one's history; None if not in it."""
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
    """Makes a server that starts follow the present leader instead of a former one.

    Patroni chooses before the start, and again once the server is consistent, for which
    it may need log. The leader of a standby site that was rewound is restarted while
    nobody leads there: it is told to follow the main site by the slot of the site. The
    next leader has that slot a moment later, so no log arrives, and Patroni waits for
    ever for the start to end.
    """

    def look(self, ha: Any) -> None:
        """Check a server before each of Patroni's rounds, and correct its upstream."""
        server, cluster = ha.state_handler, ha.cluster
        if (
            cluster is None
            or cluster.leader is None
            or cluster.leader.name == server.name
            or ha.is_paused()
            or not server.is_starting()
            # Before that its configuration is being written, or it is about to be
            # ready.
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
        # `standby_mode` is dropped on writing, since PostgreSQL no longer has it.
        if known == {k: v for k, v in wanted.items() if k != "standby_mode"}:
            return
        patroni.ha.logger.info("Still starting, now following %s", node.name)
        config.write_recovery_conf(wanted)
        config.write_postgresql_conf()
        server.reload(block_callbacks=True)


def follow_with_care() -> None:
    """Apply both rules to this process's Patroni.

    It follows no leader that may lack a part of its log, and follows the present leader
    even while the server starts.
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
    """Run Patroni with those rules."""
    follow_with_care()
    sys.exit(main())


if __name__ == "__main__":
    run()
