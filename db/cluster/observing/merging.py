"""Puts together what the servers, their followers and Patroni report."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from db.cluster.observing import states
from db.cluster.observing.answers import KeptLog, Sender, ServerAnswer
from db.cluster.observing.lagging import Log
from db.cluster.observing.patroni_reports import Membership
from db.cluster.observing.snapshot import (
    Behind,
    NodeSnapshot,
    SlotSnapshot,
    SyncKind,
    Tags,
)
from db.cluster.patroni import PatroniMember
from db.cluster.site_slots import site_of
from db.disk_space import usage_of
from db.postgres import Lsn

# Programs that receive the log without being servers of ours; one that has just
# connected has no name yet.
_NO_SERVERS = frozenset(
    {
        "",
        "pg_basebackup",
        "pg_receivewal",
        "barman_receive_wal",
        "chartroom_backup",
        "chartroom_log",
    }
)
_SYNC_KINDS: Mapping[str, SyncKind] = {
    "quorum": "quorum",
    "sync": "sync",
    "potential": "potential",
    "async": "async",
}
# Returns the free and total bytes of the disk with this folder, if it can be seen.
Disk = Callable[[str | None], tuple[int, int] | None]


@dataclass(frozen=True, slots=True)
class Known:
    """A server that the settings name: where it is, and what it reported this time.

    `delay_seconds` is how late it is, if it `is_delayed` on purpose.
    """

    name: str
    place: tuple[str, str]
    answer: ServerAnswer | None
    failure: str | None
    seen_at: datetime | None
    is_delayed: bool
    delay_seconds: float


@dataclass(frozen=True, slots=True)
class Round:
    """Everything from one look, before it is merged; `at` is monotonic."""

    known: Sequence[Known]
    membership: Membership
    log: Log
    at: float
    disk: Disk

    @property
    def primary(self) -> Known | None:
        """The server that leads; of several that claim to, the newest timeline's."""
        leading = [k for k in self.known if k.answer and k.answer.role == "primary"]
        return max(leading, key=_timeline_of, default=None)


def nodes(look: Round) -> tuple[NodeSnapshot, ...]:
    """Return all servers in the settings, then those that only others know of."""
    primary = look.primary
    if primary is not None and primary.answer is not None:
        look.log.note(primary.answer)
    listed = tuple(_node(known, look) for known in look.known)
    return listed + _unlisted(look)


def local_disk(folder: str | None) -> tuple[int, int] | None:
    """Return the free and total bytes of the disk of this machine with the folder."""
    return None if folder is None else usage_of(Path(folder))


def _node(known: Known, look: Round) -> NodeSnapshot:
    member = look.membership.members.get(known.name)
    answer = known.answer
    if answer is None:
        return NodeSnapshot(
            known.name,
            state=states.of_silent(known.failure, member),
            tags=_tags(known, member),
            seen_at=known.seen_at,
            member_state=member.state if member else None,
            copied_anew_at=_copied_anew_at(member),
        )
    node = _from_own_answer(known, answer, member, look)
    if known is look.primary:
        return replace(node, wal_bytes_per_second=look.log.bytes_per_second)
    return _as_follower(node, known, answer, look)


def _from_own_answer(
    known: Known, answer: ServerAnswer, member: PatroniMember | None, look: Round
) -> NodeSnapshot:
    timeline = _timeline_of(look.primary) if look.primary else None
    leads = known is look.primary
    diverged = states.diverged_at(answer, timeline, look.membership.ends)
    disk = look.disk(answer.data_directory) if _is_here(known.place) else None
    return NodeSnapshot(
        known.name,
        role=answer.role,
        state=states.of_answering(
            answer, leads=leads, timeline=timeline, diverged=diverged
        ),
        is_answering=True,
        is_streaming=not leads and states.is_streaming(answer, timeline),
        is_diverged=diverged is not None,
        tags=_tags(known, member),
        version=answer.version,
        timeline=answer.timeline,
        lsn=answer.lsn,
        received_lsn=answer.received,
        connections=answer.activity.open,
        connections_max=answer.connections_max,
        pool_busy=answer.activity.pool_busy,
        pool_open=answer.activity.pool_open,
        disk_free_bytes=disk[0] if disk else None,
        disk_total_bytes=disk[1] if disk else None,
        slots=tuple(_slot(kept, look.known) for kept in answer.slots),
        started_at=answer.started_at,
        is_replay_paused=answer.is_replay_paused,
        latency_seconds=answer.latency_seconds,
        clock_skew_seconds=answer.skew_seconds,
        conflicts=answer.conflicts,
        longest_transaction_seconds=answer.activity.longest_seconds,
        replayed_until=answer.replayed_until,
        seen_at=known.seen_at,
        member_state=member.state if member else None,
        is_restart_pending=member.is_restart_pending if member else False,
        copied_anew_at=_copied_anew_at(member),
    )


def _as_follower(
    node: NodeSnapshot, known: Known, answer: ServerAnswer, look: Round
) -> NodeSnapshot:
    if answer.role == "primary":
        return node
    upstream, sender = _upstream(known, answer, look.known)
    # Only the primary's own report counts: nobody waits for a cascading standby.
    leads = look.primary is not None and upstream == look.primary.name
    written = answer.receiver.written if answer.receiver else None
    received = max(answer.received or answer.lsn, answer.lsn)
    age = None
    if answer.replayed_until is not None:
        age = answer.clock - answer.replayed_until.timestamp()
    return replace(
        node,
        upstream=upstream,
        sync=_SYNC_KINDS.get(sender.sync or "") if sender and leads else None,
        write=look.log.behind(
            max(written or received, received),
            look.at,
            reported=sender.write_seconds if sender else None,
        ),
        flush=look.log.behind(
            received, look.at, reported=sender.flush_seconds if sender else None
        ),
        replay=look.log.behind(
            answer.lsn,
            look.at,
            reported=sender.replay_seconds if sender else None,
            age=age,
        ),
    )


def _upstream(
    known: Known, answer: ServerAnswer, everybody: Iterable[Known]
) -> tuple[str | None, Sender | None]:
    """Return where a replica receives the log from, and that server's view of it."""
    receiver = answer.receiver
    for other in everybody:
        for sender in other.answer.senders if other.answer else ():
            same_slot = receiver is not None and sender.slot == receiver.slot
            if sender.name == known.name or (sender.slot is not None and same_slot):
                return other.name, sender
    if receiver is None:
        return None, None
    listed = next((k.name for k in everybody if k.place == receiver.place), None)
    return listed or ":".join(receiver.place), None


def _unlisted(look: Round) -> tuple[NodeSnapshot, ...]:
    """Return followers that no setting names, as their upstream sees them."""
    taken = {_slot_name(known.name) for known in look.known}
    slots = {
        known.answer.receiver.slot
        for known in look.known
        if known.answer and known.answer.receiver
    }
    followers = tuple(
        _follower(sender, upstream, look)
        for upstream in look.known
        for sender in (upstream.answer.senders if upstream.answer else ())
        if _slot_name(sender.name) not in taken
        and (sender.slot is None or sender.slot not in slots)
        and sender.name not in _NO_SERVERS
    )
    return followers + _lost_sites(look, {node.site for node in followers})


def _lost_sites(
    look: Round, following: Collection[str | None]
) -> tuple[NodeSnapshot, ...]:
    """Return the sites that the primary keeps log for but that do not receive it."""
    primary = look.primary
    slots = primary.answer.slots if primary and primary.answer else ()
    return tuple(
        NodeSnapshot(
            f"site {site}",
            state="cut off",
            is_listed=False,
            site=site,
            upstream=primary.name if primary else None,
        )
        for slot in slots
        if (site := site_of(slot.name)) is not None and site not in following
    )


def _follower(sender: Sender, upstream: Known, look: Round) -> NodeSnapshot:
    def behind(position: Lsn | None, seconds: float | None) -> Behind:
        return look.log.behind(position, look.at, reported=seconds)

    timeline, site = _timeline_of(upstream), site_of(sender.slot)
    is_streaming = sender.state == "streaming"
    return NodeSnapshot(
        # Named by site, whichever of its servers receives the log there.
        f"site {site}" if site else sender.name,
        role="replica",
        state=f"streaming on timeline {timeline}" if is_streaming else sender.state,
        is_streaming=is_streaming,
        is_listed=False,
        site=site,
        sync=_SYNC_KINDS.get(sender.sync or ""),
        upstream=upstream.name,
        timeline=timeline,
        lsn=sender.replayed,
        received_lsn=sender.flushed,
        write=behind(sender.written, sender.write_seconds),
        flush=behind(sender.flushed, sender.flush_seconds),
        replay=behind(sender.replayed, sender.replay_seconds),
        seen_at=datetime.now(UTC),
    )


def _slot(kept: KeptLog, everybody: Iterable[Known]) -> SlotSnapshot:
    holder = next((k.name for k in everybody if _slot_name(k.name) == kept.name), None)
    return SlotSnapshot(
        kept.name, kept.is_active, kept.retained_bytes, kept.status, holder
    )


@lru_cache(maxsize=256)
def _slot_name(node: str) -> str:
    """Return the name that Patroni gives to a node's slot."""
    return "".join(c if c.isalnum() else "_" for c in node.lower())


def _tags(known: Known, member: PatroniMember | None) -> Tags:
    tags = member.tags if member is not None else {}
    return Tags(
        nofailover=bool(tags.get("nofailover")),
        nosync=bool(tags.get("nosync")),
        is_delayed=known.is_delayed,
        delayed_seconds=known.delay_seconds,
    )


def _copied_anew_at(member: PatroniMember | None) -> datetime | None:
    """Return when a server of the embedded cluster last copied itself anew."""
    copied_at = member.tags.get("copied_anew_at") if member is not None else None
    return datetime.fromtimestamp(copied_at, UTC) if copied_at else None


def _timeline_of(known: Known) -> int:
    return known.answer.timeline if known.answer else 0


def _is_here(place: tuple[str, str]) -> bool:
    host = place[0]
    return host in {"", "localhost", "127.0.0.1", "::1"} or host.startswith("/")
