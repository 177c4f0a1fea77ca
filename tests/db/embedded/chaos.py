"""What can go wrong with the fencing supervisor itself, one scenario after another.

The supervisor runs in the launcher, so the whole process is killed or stopped. Each
scenario is given a cluster and a witness that writes on every node; it does its worst,
and returns once writes are accepted again and the cluster can become whole. Its pauses
are not waits: how long something is away or stopped is part of the fault.
"""

import time
from collections.abc import Callable

from db.cluster.fault_kinds import Fault
from tests.db.embedded.breakable_cluster import BreakableCluster
from tests.db.embedded.witness import Witness
from tests.kit.breaking import heartbeat, suspended, wal_receiver

Scenario = Callable[[BreakableCluster, Witness], None]


def hit(fault: Fault) -> Scenario:
    """Return a scenario in which the primary has a fault, and comes back."""

    def strike(cluster: BreakableCluster, witness: Witness) -> None:
        primary = cluster.primary()
        cluster.control.inflict(fault, primary.name, seconds=60)
        witness.await_writes()
        time.sleep(1)
        cluster.control.heal(fault, primary.name)

    return strike


def kill(cluster: BreakableCluster, witness: Witness) -> None:
    """Kill the launcher, then the primary; then start the launcher again."""
    cluster.launcher.kill()
    cluster.primary().kill()
    time.sleep(1)
    cluster.launch()
    witness.await_writes()


def stop(cluster: BreakableCluster, witness: Witness) -> None:
    """Stop the launcher while the primary dies, and let it continue."""
    with suspended(cluster.launcher.seen):
        cluster.primary().kill()
        time.sleep(3)
    witness.await_writes()


def stop_for_long(cluster: BreakableCluster, witness: Witness) -> None:
    """Kill Patroni over a live primary, unobserved, until its leader key expires.

    A replica whose Patroni hangs is not told which server it follows now, and would go
    on acknowledging what the former primary commits.
    """
    former = cluster.primary()
    late = next(node for node in cluster.nodes if node != former)
    with suspended(cluster.launcher.seen):
        former.patroni.kill()
        # Its own key must outlive the leader's, which expires 20 seconds after its last
        # renewal; otherwise its vote does not count.
        time.sleep(15)
        with suspended(heartbeat(cluster, late)):
            # If it had more of the former primary's log, nobody would lead while it
            # hangs.
            with suspended(wal_receiver(late)):
                cluster.await_leader_after(former)
            time.sleep(2)
    witness.await_writes()


def starve(cluster: BreakableCluster, witness: Witness) -> None:
    """Let the supervisor look far too late, now and then, while the primary dies."""
    primary = cluster.primary()
    with suspended(cluster.launcher.seen):
        primary.kill()
        time.sleep(1.5)
    for _ in range(3):
        time.sleep(0.15)
        with suspended(cluster.launcher.seen):
            time.sleep(0.7)
    witness.await_writes()


def die_between_fence_and_key(cluster: BreakableCluster, witness: Witness) -> None:
    """Kill the launcher when the primary is dead and still holds the leader key."""
    cluster.launcher.set_trap("die")
    cluster.primary().kill()
    cluster.launcher.await_death()
    cluster.relaunch()
    witness.await_writes()


def freeze_between_fence_and_key(cluster: BreakableCluster, witness: Witness) -> None:
    """Stop the launcher at that point, and resume it when the same node leads again."""
    fenced = cluster.primary()
    cluster.launcher.set_trap("freeze")
    fenced.kill()
    cluster.launcher.await_frozen()
    with cluster.second_supervisor():
        witness.await_writes()
        cluster.wait_until_streaming()
        cluster.switch_over(fenced)
        cluster.launcher.seen.resume()
        cluster.launcher.expect("kept")
        _leave_it_to_the_other(cluster, witness)
    cluster.launch()
    witness.await_writes()


def two_at_once(cluster: BreakableCluster, witness: Witness) -> None:
    """Let a second supervisor look after the same nodes while the primary dies."""
    with cluster.second_supervisor():
        cluster.primary().kill()
        witness.await_writes()
        time.sleep(1)
        _leave_it_to_the_other(cluster, witness)
    cluster.launch()
    witness.await_writes()


def _leave_it_to_the_other(cluster: BreakableCluster, witness: Witness) -> None:
    """Leave the nodes to the second supervisor alone, until they are mended.

    Each supervisor takes what the other has started for dead: they would fight over the
    dead node, interrupt its pg_rewind, and it would have to be copied again.
    """
    cluster.launcher.kill()
    cluster.wait_until_streaming()
    witness.await_writes()


def slow_etcd(cluster: BreakableCluster, witness: Witness) -> None:
    """Let etcd hang for seconds while the primary dies."""
    with suspended(cluster.etcd):
        cluster.primary().kill()
        time.sleep(4)
    witness.await_writes()


def lost_etcd(cluster: BreakableCluster, witness: Witness) -> None:
    """Stop etcd before the primary dies, and start it again later."""
    primary = cluster.primary()
    cluster.control.inflict(Fault.STOP_ETCD, seconds=60)
    primary.kill()
    time.sleep(4)
    cluster.control.heal(Fault.STOP_ETCD)
    witness.await_writes()


SUPERVISOR: dict[str, Scenario] = {
    "killed": kill,
    "stopped": stop,
    "starved": starve,
    "killed between fence and key": die_between_fence_and_key,
    "etcd slow": slow_etcd,
    "stopped between fence and key": freeze_between_fence_and_key,
    "etcd gone": lost_etcd,
    "two at once": two_at_once,
    "stopped for long": stop_for_long,
}
KILLS: dict[str, Scenario] = {
    fault.value.replace("_", " "): hit(fault)
    for fault in (
        Fault.KILL_POSTGRES,
        Fault.KILL_NODE,
        Fault.KILL_PATRONI,
        Fault.FREEZE_NODE,
        Fault.FREEZE_POSTGRES,
    )
}
