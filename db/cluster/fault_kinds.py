"""What a drill can break in the embedded cluster."""

from enum import StrEnum


class Fault(StrEnum):
    """A fault by name; faults of a node are given with the node's name."""

    KILL_POSTGRES = "kill_postgres"
    KILL_PATRONI = "kill_patroni"
    KILL_NODE = "kill_node"
    FREEZE_POSTGRES = "freeze_postgres"
    FREEZE_NODE = "freeze_node"
    FILL_DISK = "fill_disk"
    OWN_NETWORK = "own_network"
    CUT_NETWORK = "cut_network"
    STOP_ETCD = "stop_etcd"
    STOP_MONGO = "stop_mongo"

    @property
    def is_of_a_node(self) -> bool:
        """Whether the fault strikes one node rather than what the nodes share."""
        return self not in {Fault.STOP_ETCD, Fault.STOP_MONGO}

    @property
    def lasts(self) -> bool:
        """Whether the fault stays until it is healed; others mend at once.

        A frozen node is not left frozen: the supervisor kills and starts it, unless it
        is off. A node needs a network of its own before that can be cut.
        """
        return self not in {Fault.KILL_POSTGRES, Fault.KILL_PATRONI}
