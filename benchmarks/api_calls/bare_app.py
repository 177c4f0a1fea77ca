"""FastAPI, psycopg2 and pymongo with nothing of ours: the same rows and files.

It authenticates nobody and checks no rule, encrypts no file, inspects no PDF and keeps
no audit log. It is run by uvicorn, with the addresses in BARE_DATABASE and BARE_MONGO,
and the list's statement in BARE_LIST.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from queue import LifoQueue
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg2
from fastapi import FastAPI, UploadFile
from gridfs import GridFSBucket
from psycopg2.extensions import connection as DriverConnection  # noqa: N812 - a class
from psycopg2.extras import RealDictCursor, register_uuid
from pydantic import BaseModel
from pymongo import MongoClient

# As many as one of our web processes has.
_CONNECTIONS: Final = 15
_CLERK: Final = (UUID(int=1), "Cleo Clerk")
_SLOT: Final = (
    "SELECT doctor_id, starts_at, ends_at FROM slots "
    "WHERE id = %s AND withdrawn_at IS NULL FOR UPDATE"
)
_BOOKING: Final = (
    "INSERT INTO bookings (slot_id, doctor_id, patient_id, attempt, expires_at, "
    "created_by, created_by_name) "
    "VALUES (%s, %s, %s, %s, now() + interval '2 minutes', %s, %s) "
    "RETURNING id, expires_at"
)
_BOOKING_SLOT: Final = (
    "INSERT INTO booking_slots (slot_id, booking_id, patient_id, starts_at, ends_at, "
    "status, expires_at) VALUES (%s, %s, %s, %s, %s, 'held', %s)"
)
_DOCUMENT: Final = (
    "INSERT INTO documents (patient_id, title, created_by, created_by_name) "
    "VALUES (%s, %s, %s, %s) RETURNING id"
)
_VERSION: Final = (
    "INSERT INTO document_versions (document_id, number, file_id, filename, filesize, "
    "sha256, findings, origin, author_id, author_name) "
    "VALUES (%s, 1, %s, %s, %s, %s, '{}', 'upload', %s, %s)"
)

app = FastAPI()
_list: Final = os.environ["BARE_LIST"]
_pool: LifoQueue[DriverConnection] = LifoQueue()
_client: MongoClient[dict[str, Any]] = MongoClient(
    os.environ["BARE_MONGO"], w="majority", journal=True
)
_files: Final = GridFSBucket(_client["chartroom"], "bare")


def _connect() -> None:
    register_uuid()
    for _ in range(_CONNECTIONS):
        _pool.put(psycopg2.connect(os.environ["BARE_DATABASE"]))


_connect()


class Wish(BaseModel):
    """A slot to hold, and its patient."""

    slot_id: UUID
    patient_id: UUID


@contextmanager
def _cursor() -> Iterator[RealDictCursor]:
    connection = _pool.get()
    try:
        with connection, connection.cursor(cursor_factory=RealDictCursor) as cursor:
            yield cursor
    finally:
        _pool.put(connection)


@app.get("/patients")
def list_patients() -> list[dict[str, Any]]:
    """List a page of patients."""
    with _cursor() as cursor:
        cursor.execute(_list)
        return [dict(row) for row in cursor]


@app.post("/bookings", status_code=201)
def hold_slot(wish: Wish) -> dict[str, Any]:
    """Hold a slot: BEGIN, SELECT ... FOR UPDATE, two INSERTs, COMMIT."""
    with _cursor() as cursor:
        cursor.execute(_SLOT, [wish.slot_id])
        slot = dict(cursor.fetchone() or {})
        whose = (wish.slot_id, slot["doctor_id"], wish.patient_id)
        cursor.execute(_BOOKING, [*whose, uuid4(), *_CLERK])
        made = dict(cursor.fetchone() or {})
        times = (slot["starts_at"], slot["ends_at"])
        held = (wish.slot_id, made["id"], wish.patient_id, *times, made["expires_at"])
        cursor.execute(_BOOKING_SLOT, held)
        return made


@app.post("/documents", status_code=201)
def file_document(file: UploadFile) -> dict[str, Any]:
    """Store a file in GridFS, then the rows that refer to it."""
    data = file.file.read()
    name = file.filename or "letter.pdf"
    file_id = str(_files.upload_from_stream(name, data))
    with _cursor() as cursor:
        cursor.execute(_DOCUMENT, [None, name, *_CLERK])
        made = dict(cursor.fetchone() or {})
        digest = hashlib.sha256(data).digest()
        cursor.execute(
            _VERSION, [made["id"], file_id, name, len(data), digest, *_CLERK]
        )
        return made
