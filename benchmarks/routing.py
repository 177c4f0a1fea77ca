"""Reading your own writes: a read with a position in the log against one without.

Run as `python -m benchmarks.routing`; CHARTROOM_TEST_CLUSTER names a cluster to use.
"""

from contextlib import closing
from dataclasses import replace
from time import sleep
from uuid import uuid4

from psycopg2.extensions import make_dsn, parse_dsn
from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks.fresh import endpoints
from benchmarks.measure import compare
from db.endpoints import Endpoints
from db.models.integrity import WriteReceipt
from db.postgres import Database, Lsn

# In short turns other work of the machine affects both alike.
READS_PER_ROUND = 10


def main() -> float:
    """Print the line and return the ratio; above 1.15 is a defect."""
    with endpoints() as fresh, closing(Database(_one_replica(fresh))) as database:
        key = uuid4()
        lsn = database.write(lambda _: None, key=key).lsn
        while not all(node.has_replayed(lsn) for node in database.nodes()):
            sleep(0.1)

        def read(session: Session) -> WriteReceipt | None:
            return session.scalar(select(WriteReceipt).filter_by(key=key))

        def repeat(after: Lsn | None) -> None:
            for _ in range(READS_PER_ROUND):
                answer = database.read(read, after=after)
                if answer.served.role != "replica":
                    raise RuntimeError("The replica did not answer: nothing compared.")

        return compare("routing", lambda: repeat(lsn), lambda: repeat(None), rounds=600)


def _one_replica(fresh: Endpoints) -> Endpoints:
    """Leave out one of the replicas, so that both sides read from the same server."""
    with closing(Database(fresh)) as database:
        primary, replica = sorted(database.nodes(), key=lambda node: node.role or "")[
            :2
        ]
    urls = fresh.replica_urls
    return replace(
        fresh,
        database_url=make_dsn(
            **parse_dsn(urls[primary.name]), target_session_attrs="read-write"
        ),
        replica_urls={name: urls[name] for name in (primary.name, replica.name)},
    )


if __name__ == "__main__":
    main()
