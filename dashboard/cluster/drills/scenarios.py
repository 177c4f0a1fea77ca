"""What is done in each kind of drill while people work."""

from collections.abc import Callable, Mapping
from time import monotonic, sleep
from types import MappingProxyType
from typing import Final

from dashboard.cluster.drills.drill_run import DrillRun
from db.cluster.patroni import PatroniRefused
from db.embedded import Fault
from services.cluster.drills import DrillKind

_AWAY_SECONDS: Final = 5.0
# What files and elections need is away for this long.
_OUTAGE_SECONDS: Final = 10.0
_BEHIND_SECONDS: Final = 12.0
_PAUSE_SECONDS: Final = 60.0
_ASK_SECONDS: Final = 20.0
_COPY_SECONDS: Final = 90.0
# All that is done to a server in a network of its own, on a busy machine.
_MOVED_SECONDS: Final = 600.0


def switch_over(stage: DrillRun) -> None:
    """Hand the lead over as planned."""
    stage.node = stage.primary()
    chosen = stage.replica()
    stage.tell(f"Handing over from {stage.node} to {chosen}")
    stage.broken_at = monotonic()
    _ask_until_granted(stage, stage.node, chosen)
    stage.await_writes(f"{chosen} takes writes", since=monotonic())


def lose_primary(fault: Fault, sentence: str) -> Callable[[DrillRun], None]:
    """Return a scenario in which the primary has a fault and another takes over."""

    def lose(stage: DrillRun) -> None:
        stage.node = stage.primary()
        stage.tell(sentence.format(stage.node))
        with stage.broken(fault, stage.node):
            stage.await_other_primary()
            if fault.lasts:
                sleep(_AWAY_SECONDS)
        stage.tell(f"{stage.node} may come back")

    return lose


def kill_patroni(stage: DrillRun) -> None:
    """Kill what looks after the primary; PostgreSQL lives on."""
    stage.node = stage.primary()
    stage.tell(f"Killing the Patroni of {stage.node}")
    with stage.broken(Fault.KILL_PATRONI, stage.node):
        sleep(_AWAY_SECONDS)
        stage.await_writes("writes go on", since=monotonic())
    leads = stage.primary()
    stage.facts.append(
        f"{leads} leads as before." if leads == stage.node else f"{leads} leads now."
    )


def lose_etcd(stage: DrillRun) -> None:
    """Take away what elections need, then give it back."""
    stage.node = stage.primary()
    stage.tell("Killing etcd")
    with stage.broken(Fault.STOP_ETCD):
        sleep(_OUTAGE_SECONDS)
    stage.tell("etcd may come back")
    stage.await_writes("writes go on", since=monotonic())


def lose_mongo(stage: DrillRun) -> None:
    """Take the file store away, then give it back."""
    stage.tell("Killing MongoDB")
    with stage.broken(Fault.STOP_MONGO):
        sleep(_OUTAGE_SECONDS)
    healed_at = monotonic()
    stage.tell("MongoDB may come back")
    kept = stage.users.files.kept
    stage.wait(
        lambda: any(moment > healed_at for moment in list(kept.values())),
        "files can be kept again",
    )


def fall_behind(stage: DrillRun) -> None:
    """Let a replica receive and not replay, so that what it shows grows old."""
    stage.node = stage.replica()
    stage.tell(f"{stage.node} stops replaying")
    stage.broken_at = monotonic()
    stage.door.pause_replay(stage.node, _PAUSE_SECONDS)
    try:
        sleep(_BEHIND_SECONDS)
    finally:
        stage.door.resume_replay(stage.node)
    stage.tell(f"{stage.node} replays again")
    stage.await_writes("writes go on", since=monotonic())


def fill_disk(stage: DrillRun) -> None:
    """Let a replica work on a small disk until that is full, then mend it."""
    stage.node = stage.replica()
    stage.tell(f"{stage.node} is copied to a small disk, which is filled")
    with stage.broken(Fault.FILL_DISK, stage.node):
        _await_new_beginning(stage)
        stage.wait(
            lambda: stage.is_streaming(stage.node),
            f"{stage.node} follows from there",
            seconds=_COPY_SECONDS,
        )
        stage.tell("Writing more than it can take")
        stage.wait(
            lambda: stage.users.press_on() and not stage.is_streaming(stage.node),
            f"{stage.node} cannot go on",
        )
        stage.await_evidence(Fault.FILL_DISK)
        stage.await_writes("the others go on", since=monotonic())
    stage.tell(f"{stage.node} is copied anew to its usual disk")


def cut_network(stage: DrillRun) -> None:
    """Cut the primary off from all others, then join it to them again.

    Only who has a network of its own can be cut off: a replica gets one, and leads.
    """
    stage.node = stage.replica()
    stage.tell(f"{stage.node} moves into a network of its own")
    with stage.broken(Fault.OWN_NETWORK, stage.node, seconds=_MOVED_SECONDS):
        _await_new_beginning(stage)
        stage.wait(stage.is_whole, f"{stage.node} follows from there")
        former = stage.primary()
        stage.tell(f"Handing over from {former} to {stage.node}")
        _ask_until_granted(stage, former, stage.node)
        stage.await_writes(f"{stage.node} takes writes", since=monotonic())
        stage.wait(
            lambda: stage.is_whole() and stage.primary() == stage.node,
            "all servers follow it",
        )
        sleep(_AWAY_SECONDS)
        stage.tell(f"Cutting {stage.node} off from all others")
        with stage.broken(Fault.CUT_NETWORK, stage.node):
            stage.await_other_primary()
            stage.await_evidence(Fault.CUT_NETWORK)
            sleep(_AWAY_SECONDS)
        stage.tell(f"{stage.node} is joined to the others again")
        stage.wait(stage.is_whole, f"{stage.node} follows", seconds=_COPY_SECONDS)
    stage.tell(f"{stage.node} moves back into the network of all")
    _await_new_beginning(stage)


def _await_new_beginning(stage: DrillRun) -> None:
    """Wait until Patroni has taken in that a replica was started again.

    Until then it says what the replica was before.
    """
    stage.wait(lambda: not stage.is_streaming(stage.node), f"{stage.node} begins anew")


def _ask_until_granted(stage: DrillRun, former: str, chosen: str) -> None:
    deadline = monotonic() + _ASK_SECONDS
    while True:
        try:
            stage.patroni.switchover(former, chosen)
        except PatroniRefused:
            # It refuses a replica that has only just joined the quorum.
            if monotonic() > deadline:
                raise
            sleep(0.5)
        else:
            return


SCENARIOS: Final[Mapping[DrillKind, Callable[[DrillRun], None]]] = MappingProxyType(
    {
        DrillKind.SWITCHOVER: switch_over,
        DrillKind.CRASH: lose_primary(Fault.KILL_POSTGRES, "Killing PostgreSQL of {}"),
        DrillKind.LOST_NODE: lose_primary(
            Fault.KILL_NODE, "Killing {} with all that runs on it"
        ),
        DrillKind.FROZEN_NODE: lose_primary(
            Fault.FREEZE_NODE, "Stopping everything on {} in its tracks"
        ),
        DrillKind.PATRONI_KILLED: kill_patroni,
        DrillKind.LOST_ETCD: lose_etcd,
        DrillKind.LOST_MONGO: lose_mongo,
        DrillKind.FULL_DISK: fill_disk,
        DrillKind.FAR_BEHIND: fall_behind,
        DrillKind.NETWORK_CUT: cut_network,
    }
)
