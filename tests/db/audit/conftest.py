"""An audit log per module, with a login that has the same rights as Chartroom's."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import UUID, uuid4

import pytest
from pymongo import MongoClient
from pymongo.collection import Collection

from db.embedded import Addresses
from db.mongo import audit_access
from db.mongo.audit_store import COLLECTION, AuditStore
from tests.db.audit.samples import ADA, BOB, NURSE, document


@pytest.fixture(scope="module")
def admin(addresses: Addresses) -> Iterator[MongoClient[dict[str, Any]]]:
    """MongoDB as its administrator."""
    with MongoClient[dict[str, Any]](addresses.mongo.admin_url) as client:
        yield client


@pytest.fixture(scope="module")
def url(addresses: Addresses, admin: MongoClient[dict[str, Any]]) -> Iterator[str]:
    """The URL of the log for that login."""
    name = f"test_{uuid4().hex}_audit"
    audit_access.prepare(admin, name, "secret", name)
    host = addresses.mongo.admin_url.rpartition("@")[2].replace("/?", f"/{name}?")
    yield f"mongodb://{name}:secret@{host}"
    admin.admin.command("dropUser", name)
    admin.admin.command("dropRole", name)
    admin.drop_database(name)


@pytest.fixture(scope="module")
def entries(url: str, admin: MongoClient[dict[str, Any]]) -> Collection[dict[str, Any]]:
    """The log as the administrator sees it."""
    return admin[url.partition("?")[0].rpartition("/")[2]][COLLECTION]


@pytest.fixture(scope="module")
def store(url: str) -> Iterator[AuditStore]:
    """A log with a few entries."""
    session = str(UUID(int=1))
    with closing(AuditStore(url)) as store:
        store.append(
            [
                document(1, patient_id=str(ADA)),
                document(2, patient_id=str(BOB), actor_id=str(NURSE)),
                document(3, action="patient:list", patients=[str(ADA), str(BOB)]),
                document(4, outcome="refused", action="access:refuse"),
                document(5, subject_kind="document", subject_id="17"),
                document(6, session_id=session, details='{"fields": ["name"]}'),
            ]
        )
        yield store
