"""An audit log of its own for each test, used with its login in production."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
from pymongo import MongoClient
from pymongo.collection import Collection
from sqlalchemy import func, insert, select

from db.embedded import Addresses
from db.endpoints import Endpoints
from db.files.seal_keys import SealKeyFile, SealKeys
from db.models.audit import AuditEvent, AuditHead
from db.mongo import audit_access
from db.mongo.audit_store import COLLECTION, AuditStore
from db.postgres import Database
from db.postgres.identity import SYSTEM
from services.audit import chain
from services.audit.chain.seals import Seal
from tests.conftest import owner


@dataclass
class Log:
    """A log, the events waiting for it, and its `entries` as the owner sees them."""

    database: Database
    store: AuditStore
    entries: Collection[dict[str, Any]]
    keys: SealKeys
    owner_url: str

    def happen(self, count: int = 1, **values: object) -> None:
        """Add events that belong in the log."""
        event = {"action": "patient:read", "actor_id": uuid4(), "details": {}} | values
        self.write(
            lambda session: session.execute(
                insert(AuditEvent.__table__).inline(), [event] * count
            )
        )

    def ship(self, at_most: int = chain.BATCH, store: Any = None) -> int:
        """Ship once and commit."""
        return self.write(
            lambda session: chain.ship(session, store or self.store, at_most=at_most)
        )

    def ship_all(self) -> None:
        """Ship until no event waits."""
        while self.ship():
            pass

    def verify(self) -> chain.ChainVerification:
        """Verify the whole log."""
        return chain.verify(self.database, self.store, self.keys)

    def seal(self) -> Seal:
        """Seal the log as it is."""
        return chain.seal(self.database, self.store, self.keys)

    def waiting(self) -> int:
        """Return how many events wait."""
        return self.write(
            lambda session: session.scalar(select(func.count()).select_from(AuditEvent))
        )

    def head(self) -> tuple[int, str]:
        """Return the position of the chain's head in PostgreSQL, and its last hash."""
        row = self.write(
            lambda session: session.execute(
                select(AuditHead.sequence, AuditHead.hash)
            ).one()
        )
        return row.sequence, row.hash.hex()

    def set_head(self, sequence: int, hash_: str) -> None:
        """Change the head."""
        self.as_owner(
            "INSERT INTO audit_head (sequence, hash) VALUES (%s, decode(%s, 'hex')) "
            "ON CONFLICT (id) DO UPDATE "
            "SET sequence = excluded.sequence, hash = excluded.hash",
            sequence,
            hash_,
        )

    def as_owner(self, statement: str, *values: object) -> None:
        """Run a statement that no login of Chartroom's may run."""
        with (
            closing(psycopg2.connect(self.owner_url)) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, values or None)

    @contextmanager
    def restored(self) -> Iterator["Log"]:
        """Restore the entries, their head and the waiting events afterwards."""
        entries, head = list(self.entries.find()), self.head()
        yield self
        self.entries.delete_many({})
        self.entries.insert_many(entries)
        self.as_owner("DELETE FROM audit_events")
        self.set_head(*head)

    def write(self, operation: Any) -> Any:
        """Run and commit something under the identity of the background."""
        return self.database.write(operation, identity=SYSTEM).value


@pytest.fixture
def log(endpoints: Endpoints, addresses: Addresses, tmp_path: Path) -> Iterator[Log]:
    """A fresh database and its log."""
    with _made(endpoints, addresses, tmp_path) as log:
        yield log


@pytest.fixture(scope="module")
def module_log(
    module_endpoints: Endpoints,
    addresses: Addresses,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Log]:
    """A database and its log that the tests of a module share."""
    with _made(module_endpoints, addresses, tmp_path_factory.mktemp("keys")) as log:
        yield log


@contextmanager
def _made(endpoints: Endpoints, addresses: Addresses, folder: Path) -> Iterator[Log]:
    url, user = addresses.mongo.admin_url, f"audit_{uuid4().hex}"
    name = endpoints.audit_url.partition("?")[0].rpartition("/")[2]
    own = url.rpartition("@")[2].replace("/?", f"/{name}?")
    audited = replace(endpoints, audit_url=f"mongodb://{user}:secret@{own}")
    keys = SealKeyFile(folder / "audit.key", may_be_made=True).read_or_make()
    with MongoClient[dict[str, Any]](url, tz_aware=True) as client:
        audit_access.prepare(client, name, "secret", user)
        with (
            closing(Database(audited)) as database,
            closing(AuditStore(audited.audit_url)) as store,
        ):
            yield Log(database, store, client[name][COLLECTION], keys, owner(audited))
        client.admin.command("dropUser", user)
        client.admin.command("dropRole", user)
