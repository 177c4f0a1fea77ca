"""Recorded data folders, restored into throw-away databases."""

import json
import lzma
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bson
from psycopg2.extensions import parse_dsn
from pymongo import MongoClient
from sqlalchemy import select

from db.embedded import Addresses
from db.embedded.processes import programs
from db.endpoints import Endpoints
from db.files.file_keys import FileKeys
from db.files.gridfs import FileStore
from db.files.seal_keys import SealKeyFile, SealKeys
from db.models.user import User
from db.mongo.audit_store import AuditStore
from db.postgres import SYSTEM, Database
from services.core.actor_database import ActorDatabase
from services.core.actors import Actor
from services.people import accounts
from tests.conftest import Databases, owner

FOLDER = Path(__file__).with_name("data_folder_0_5")
Entry = dict[str, Any]


@dataclass(frozen=True)
class Restored:
    """A recorded data folder in today's servers; `expected` is what it must hold."""

    endpoints: Endpoints
    database: Database
    files: FileStore
    audit: AuditStore
    seal_keys: SealKeys
    expected: dict[str, Any]

    @property
    def clerk(self) -> Actor:
        """Cleo, who worked at the desk when it was recorded."""
        cleo = select(User).where(User.name == "Cleo Clerk")
        return self.database.read_latest(
            lambda s: accounts.actor_of(s.scalars(cleo).one()), identity=SYSTEM
        ).value

    def read(self, operation: Callable[..., Any]) -> Any:
        """Return everything that was recorded, as it is shown to the clerk."""
        clerk = self.clerk
        lsn = self.database.write(lambda _: None, identity=SYSTEM).lsn
        database = ActorDatabase(self.database, clerk)
        return database.read(lambda s: operation(s, clerk), after=lsn).value


@contextmanager
def restored(
    databases: Databases,
    addresses: Addresses,
    change: Callable[[Entry], None] = lambda _: None,
) -> Iterator[Restored]:
    """Restore the record; `change` may tamper with each entry of MongoDB's."""
    url = addresses.mongo.admin_url
    with ExitStack() as stack:
        endpoints = stack.enter_context(databases.fresh())
        name = name_of(endpoints)
        run_sql(addresses, name, lzma.decompress(read("database.sql.xz")))
        client = stack.enter_context(MongoClient[Entry](url))
        stack.callback(client.drop_database, name)
        homes = {"chartroom": client[name], "chartroom_audit": client[f"{name}_audit"]}
        for entry in bson.decode_all(lzma.decompress(read("mongo.bson.xz"))):
            change(entry)
            collection = homes[entry["database"]][entry["collection"]]
            collection.insert_one(entry["document"])
        files = FileStore(url, name, keys=FileKeys(FOLDER / "file.keys"))
        yield Restored(
            endpoints,
            stack.enter_context(closing(Database(endpoints))),
            stack.enter_context(closing(files)),
            stack.enter_context(closing(AuditStore(endpoints.audit_url))),
            SealKeyFile(FOLDER / "audit.pem").read(),
            json.loads(read("expected.json")),
        )


def read(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def name_of(endpoints: Endpoints) -> str:
    """Return the name of the database."""
    return str(parse_dsn(owner(endpoints))["dbname"])


def run_sql(addresses: Addresses, name: str, statements: bytes) -> None:
    """Run a dump as PostgreSQL's own program does."""
    psql = [program("psql"), "--no-psqlrc", "--quiet", "--single-transaction"]
    target = [
        "--set=ON_ERROR_STOP=1",
        "--dbname",
        addresses.primary_url("postgres", name),
    ]
    subprocess.run([*psql, *target], input=statements, check=True, capture_output=True)


def schema_of(databases: Databases, addresses: Addresses, name: str) -> list[str]:
    """Return the lines of a database's schema, as `pg_dump` writes them.

    A dump is restored and dumped once more: PostgreSQL keeps the brackets of a
    condition as they were written, and loses some of them in its own text of it.
    """
    with databases.fresh() as copy:
        run_sql(addresses, name_of(copy), _dump(addresses, name))
        lines = _dump(addresses, name_of(copy)).decode().splitlines()
    # Each dump has a random word in these lines.
    made_up = ("\\restrict ", "\\unrestrict ")
    return [line for line in lines if not line.startswith(made_up)]


def _dump(addresses: Addresses, name: str) -> bytes:
    dump = [program("pg_dump"), "--schema-only", "--dbname"]
    url = addresses.primary_url("postgres", name)
    return subprocess.run([*dump, url], check=True, capture_output=True).stdout


def program(name: str) -> str:
    """Return the path of a program that comes with PostgreSQL."""
    return str(programs.find(FOLDER).postgres.with_name(name))
