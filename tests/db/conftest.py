"""Files in a database of their own, which tests may look into and damage."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from db.embedded import Addresses
from db.files.file_keys import FileKeys
from db.files.gridfs import FileStore


@pytest.fixture
def name() -> str:
    """The name of the database."""
    return f"test_{uuid4().hex}"


@pytest.fixture
def raw(addresses: Addresses, name: str) -> Iterator[Database[dict[str, Any]]]:
    """The database as an intruder into MongoDB sees it."""
    with MongoClient[dict[str, Any]](addresses.mongo.admin_url) as client:
        yield client[name]
        client.drop_database(name)


@pytest.fixture
def keys(tmp_path: Path) -> FileKeys:
    """Keys that wrap only this test's files."""
    return FileKeys(tmp_path / "file.keys", may_be_made=True)


@pytest.fixture
def files(
    addresses: Addresses, name: str, keys: FileKeys, raw: object
) -> Iterator[FileStore]:
    """The same files as Chartroom sees them."""
    with closing(FileStore(addresses.mongo.admin_url, name, keys=keys)) as store:
        yield store
