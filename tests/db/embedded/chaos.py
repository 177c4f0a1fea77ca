"""What can go wrong with the fencing supervisor itself, one scenario after another.

Its home is the launcher: killed and stopped is that whole process. Each scenario is
given a cluster and a witness that writes on every node, does its worst, and returns
once writes are taken again and the cluster can become whole. Its pauses wait for
nothing: for how long something is away or stands still is what goes wrong.
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
    """Kill the launcher, then the primary; and start the launcher again."""
    cluster.launcher.kill()
    cluster.primary().kill()
    time.sleep(1)
    cluster.launch()
    witness.await_writes()


def stop(cluster: BreakableCluster, witness: Witness) -> None:
    """Stop the launcher while the primary dies, and let it go on."""
    with suspended(cluster.launcher.seen):
        cluster.primary().kill()
        time.sleep(3)
    witness.await_writes()


def stop_for_long(cluster: BreakableCluster, witness: Witness) -> None:
    """Kill Patroni over a live primary while nobody looks, until its key expires.

    A replica whose Patroni hangs is not told whom it follows now, and would go on
    acknowledging what the former primary commits.
    """
    former = cluster.primary()
    late = next(node for node in cluster.nodes if node != former)
    with suspended(cluster.launcher.seen):
        former.patroni.kill()
        # Its own key must outlive that of the leader, which ends 20 seconds after it
        # was last renewed, or nobody counts its vote.
        time.sleep(15)
        with suspended(heartbeat(cluster, late)):
            # Nobody would lead while it hangs, had it more of the former one's log.
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
    """Kill the launcher when the primary is dead and still holds the key."""
    cluster.launcher.set_trap("die")
    cluster.primary().kill()
    cluster.launcher.await_death()
    cluster.relaunch()
    witness.await_writes()


def freeze_between_fence_and_key(cluster: BreakableCluster, witness: Witness) -> None:
    """Stop the launcher there, and let it go on when that very node leads again."""
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
    """Let the second supervisor look after the nodes alone, until they are mended.

    Each takes what the other has started for dead: they would fight over the dead node,
    end its rewinding half done, and it would have to be copied anew.
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
    """Take etcd away before the primary dies, and give it back later."""
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
