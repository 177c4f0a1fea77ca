"""Upkeep of the servers: dead rows, transaction ids and checkpoints."""

from dataclasses import dataclass

from db.cluster.node_connections import NodeSilent
from db.cluster.vacuuming import Checkpoints, DatabaseUpkeep, VacuumReader
from services.core.actors import Actor, Permission
from services.core.errors import NotFound, Unavailable
from services.core.sentences import Sentence


@dataclass(frozen=True, slots=True)
class UpkeepReport:
    """The upkeep of the database on its primary, and the checkpoints of every server.

    A server that does not answer has None.
    """

    database: DatabaseUpkeep
    checkpoints: dict[str, Checkpoints | None]


def read_upkeep(actor: Actor, reader: VacuumReader, primary: str) -> UpkeepReport:
    """Return the upkeep of the servers; raises NotAllowed, NotFound.

    Raises Unavailable if the primary does not answer.
    """
    actor.require(Permission.VIEW_REPLICATION)
    try:
        database = reader.database(primary)
    except KeyError:
        raise NotFound(Sentence("There is no server {node}.", node=primary)) from None
    except NodeSilent:
        raise Unavailable(
            Sentence(
                "{node} is not responding, so the state of its tables is not known. "
                "Check on Replication whether it is running.",
                node=primary,
            )
        ) from None
    return UpkeepReport(
        database, {node: _checkpoints(reader, node) for node in reader.nodes}
    )


def _checkpoints(reader: VacuumReader, node: str) -> Checkpoints | None:
    try:
        return reader.checkpoints(node)
    except NodeSilent:
        return None
