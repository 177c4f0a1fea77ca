"""The steps of each kind of drill, while people work."""

from collections.abc import Callable, Mapping
from time import monotonic, sleep
from types import MappingProxyType
from typing import Final

from db.cluster.fault_kinds import Fault
from db.cluster.patroni import PatroniRefused
from jobs.cluster.practice.drill_run import DrillRun
from services.cluster.drill_kinds import DrillKind

_AWAY_SECONDS: Final = 5.0
# What files and elections need is away for this long.
_OUTAGE_SECONDS: Final = 10.0
_BEHIND_SECONDS: Final = 12.0
_PAUSE_SECONDS: Final = 60.0
_ASK_SECONDS: Final = 20.0
_COPY_SECONDS: Final = 90.0
# Everything that is done to a server in a network of its own, on a busy machine.
_MOVED_SECONDS: Final = 600.0


def switch_over(run: DrillRun) -> None:
    """Switch over as planned."""
    run.choose(run.primary())
    chosen = run.replica()
    run.tell(f"Handing over from {run.node} to {chosen}")
    run.broken_at = monotonic()
    _ask_until_granted(run, run.node, chosen)
    run.await_writes(f"{chosen} takes writes", since=monotonic())


def lose_primary(fault: Fault, sentence: str) -> Callable[[DrillRun], None]:
    """Return a scenario in which the primary has a fault and another takes over."""

    def lose(run: DrillRun) -> None:
        run.choose(run.primary())
        run.tell(sentence.format(run.node))
        with run.broken(fault, run.node):
            run.await_other_primary()
            if fault.lasts:
                sleep(_AWAY_SECONDS)
        run.tell(f"{run.node} may come back")

    return lose


def kill_patroni(run: DrillRun) -> None:
    """Kill the Patroni of the primary; PostgreSQL keeps running."""
    run.choose(run.primary())
    run.tell(f"Killing the Patroni of {run.node}")
    with run.broken(Fault.KILL_PATRONI, run.node):
        sleep(_AWAY_SECONDS)
        run.await_writes("writes go on", since=monotonic())
    leads = run.primary()
    run.facts.append(
        f"{leads} leads as before." if leads == run.node else f"{leads} leads now."
    )


def lose_etcd(run: DrillRun) -> None:
    """Take etcd away, which elections need, then restore it."""
    run.choose(run.primary())
    run.tell("Killing etcd")
    with run.broken(Fault.STOP_ETCD):
        sleep(_OUTAGE_SECONDS)
    run.tell("etcd may come back")
    run.await_writes("writes go on", since=monotonic())


def lose_mongo(run: DrillRun) -> None:
    """Take the file store away, then restore it."""
    run.tell("Killing MongoDB")
    with run.broken(Fault.STOP_MONGO):
        sleep(_OUTAGE_SECONDS)
    healed_at = monotonic()
    run.tell("MongoDB may come back")
    kept = run.users.files.kept
    run.wait(
        lambda: any(timestamp > healed_at for timestamp in list(kept.values())),
        "files can be stored again",
    )


def fall_behind(run: DrillRun) -> None:
    """Pause a replica's replay while it still receives, so that its data grow old."""
    run.choose(run.replica())
    run.tell(f"{run.node} stops replaying")
    run.broken_at = monotonic()
    run.launcher_control.pause_replay(run.node, _PAUSE_SECONDS)
    try:
        sleep(_BEHIND_SECONDS)
    finally:
        run.launcher_control.resume_replay(run.node)
    run.tell(f"{run.node} replays again")
    run.await_writes("writes go on", since=monotonic())


def fill_disk(run: DrillRun) -> None:
    """Let a replica work on a small disk until that is full, then heal it."""
    run.choose(run.replica())
    run.tell(f"{run.node} is copied to a small disk, which is filled")
    before = _beginning_of(run)
    with run.broken(Fault.FILL_DISK, run.node):
        _await_new_beginning(run, before)
        run.wait(
            lambda: run.is_streaming(run.node),
            f"{run.node} follows from there",
            seconds=_COPY_SECONDS,
        )
        run.tell("Writing more than it can take")
        run.wait(
            lambda: run.users.write_ballast() and not run.is_streaming(run.node),
            f"{run.node} cannot continue",
        )
        run.await_evidence(Fault.FILL_DISK)
        run.await_writes("the others continue", since=monotonic())
    run.tell(f"{run.node} is copied anew to its usual disk")


def cut_network(run: DrillRun) -> None:
    """Cut the primary off from all other servers, then reconnect it.

    Only a server with a network of its own can be cut off: a replica gets one, and
    leads.
    """
    run.choose(run.replica())
    run.tell(f"{run.node} moves into a network of its own")
    before = _beginning_of(run)
    with run.broken(Fault.OWN_NETWORK, run.node, seconds=_MOVED_SECONDS):
        _await_new_beginning(run, before)
        run.wait(run.is_whole, f"{run.node} follows from there")
        former = run.primary()
        run.tell(f"Handing over from {former} to {run.node}")
        _ask_until_granted(run, former, run.node)
        run.await_writes(f"{run.node} takes writes", since=monotonic())
        run.wait(
            lambda: run.is_whole() and run.primary() == run.node,
            "all servers follow it",
        )
        sleep(_AWAY_SECONDS)
        run.tell(f"Cutting {run.node} off from all others")
        with run.broken(Fault.CUT_NETWORK, run.node):
            run.await_other_primary()
            run.await_evidence(Fault.CUT_NETWORK)
            sleep(_AWAY_SECONDS)
        run.tell(f"{run.node} is joined to the others again")
        run.wait(run.is_whole, f"{run.node} follows", seconds=_COPY_SECONDS)
        before = _beginning_of(run)
    run.tell(f"{run.node} moves back into the network of all")
    _await_new_beginning(run, before)


def _beginning_of(run: DrillRun) -> str:
    """Return since when the server runs, once it says so; a busy one takes a while."""
    return run.wait(lambda: run.begun_at(run.node), f"{run.node} answers")


def _await_new_beginning(run: DrillRun, before: str) -> None:
    """Wait until a replica that was killed runs again, which it has since `before`.

    Until then the others report what it was before. That it does not stream meanwhile
    may be over before anybody has looked.
    """
    run.wait(
        lambda: run.begun_at(run.node) not in {None, before},
        f"{run.node} starts again",
        seconds=_COPY_SECONDS,
    )


def _ask_until_granted(run: DrillRun, former: str, chosen: str) -> None:
    deadline = monotonic() + _ASK_SECONDS
    while True:
        try:
            run.patroni.switchover(former, chosen)
        except PatroniRefused:
            # Patroni refuses a replica that has only just joined the quorum.
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
            Fault.FREEZE_NODE, "Freezing everything on {}"
        ),
        DrillKind.PATRONI_KILLED: kill_patroni,
        DrillKind.LOST_ETCD: lose_etcd,
        DrillKind.LOST_MONGO: lose_mongo,
        DrillKind.FULL_DISK: fill_disk,
        DrillKind.FAR_BEHIND: fall_behind,
        DrillKind.NETWORK_CUT: cut_network,
    }
)
