"""A data folder of 0.5 opens in today's version: everything is there, and whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from sqlalchemy.orm import Session

from db import schema
from db.mongo.audit_store import COLLECTION
from db.postgres import SYSTEM
from jobs.backups.looking import list_references
from services.audit import chain
from services.audit.chain import Link, seals
from services.backups import previews
from services.backups.previews import ChangeList
from services.core.actors import KEEPER, Actor
from services.documents import records as documents, search as document_search
from services.documents.integrity import checking, file_references
from services.documents.integrity.checking import State
from services.documents.integrity.file_references import FileReference
from services.lists.criteria import Criteria
from services.patients import search
from services.patients.records import record_numbers
from services.visits.front_desk import appointments
from tests.conftest import connect, owner
from tests.db import recorded
from tests.db.recorded import Entry, Restored


@dataclass(frozen=True)
class ReadAsItWas:
    """What a restore reads from rows before it migrates them."""

    references: list[FileReference]
    head: Link
    seals: int
    changes: tuple[ChangeList, ...]


@pytest.fixture(scope="module")
def as_it_was(folder) -> ReadAsItWas:
    """What a restore to before all migrations since would read from the folder."""
    engine = connect(owner(folder.endpoints))
    with Session(engine) as session:

        def read(operation):
            return operation(session)

        as_restored = ReadAsItWas(
            list(list_references(session)),
            chain.read_head(session),
            len(list(seals.list_seals(session))),
            previews.list_changes(KEEPER, read, read),
        )
    engine.dispose()
    return as_restored


@pytest.fixture(scope="module")
def folder(databases, addresses) -> Iterator[Restored]:
    """The recorded folder, as 0.5 has left it."""
    with recorded.restored(databases, addresses) as folder:
        yield folder


@pytest.fixture(scope="module")
def opened(folder, as_it_was) -> Restored:
    """The recorded folder, opened by today's version."""
    schema.bring_up_to_date(folder.endpoints)
    return folder


def test_it_gets_the_schema_of_a_fresh_database(opened, databases, addresses, template):
    upgraded = recorded.name_of(opened.endpoints)

    schemas = [
        recorded.schema_of(databases, addresses, name) for name in (upgraded, template)
    ]

    assert schemas[0] == schemas[1]


def test_rows_of_before_a_migration_are_read_as_they_were_by_a_restore(
    as_it_was, opened
):
    now = opened.database.read_latest(
        lambda session: {each.id for each in list_references(session)}, identity=SYSTEM
    ).value

    assert {each.id for each in as_it_was.references} == now != set()
    assert as_it_was.head.sequence >= as_it_was.seals > 0
    assert not any(each.changes for each in as_it_was.changes)


def test_patients_are_found_by_a_search(opened):
    page = opened.read(
        lambda s, clerk: search.list_patients(s, clerk, Criteria(search="hopper"))
    )

    assert [row.first_name for row in page.rows] == ["Grace"]


def test_every_patient_has_a_record_number(opened):
    page = opened.read(lambda s, clerk: search.list_patients(s, clerk, Criteria()))

    numbers = [row.record_number for row in page.rows]
    assert len(set(numbers)) == len(numbers) > 0
    assert all(map(record_numbers.is_valid, numbers))


def test_documents_are_found_by_what_they_say(opened):
    page = opened.read(
        lambda s, clerk: document_search.list_documents(
            s, clerk, Criteria(search="migraine")
        )
    )

    assert [str(row.id) for row in page.rows] == [opened.expected["document"]]


def test_every_version_of_a_document_opens_with_the_bytes_that_were_filed(opened):
    digests = [digest_of(opened, number) for number in (1, 2)]

    assert digests == opened.expected["versions"]


def digest_of(opened: Restored, number: int) -> str:
    document_id = opened.expected["document"]
    version = opened.read(
        lambda s, clerk: documents.open_version(
            s, clerk, document_id, number, purpose="download"
        )
    )
    with documents.open_file(opened.files, version) as stream:
        return sha256(stream.read()).hexdigest()


def test_the_check_of_files_finds_documents_and_prescriptions_whole(opened):
    findings = [
        checking.check(opened.files, reference) for reference in references_of(opened)
    ]

    assert [finding.state for finding in findings] == [State.WHOLE] * 3


def references_of(restored: Restored) -> list[FileReference]:
    """Return the references to files: first of documents, then of prescriptions."""

    def find(session: Session) -> list[FileReference]:
        return [
            *checking.list_unchecked_since(session, datetime.now(UTC), 9),
            *file_references.list_by_id(session, None, 9),
        ]

    return restored.database.read_latest(find, identity=SYSTEM).value


def test_a_visit_that_was_booked_is_listed(opened):
    def find(session: Session, clerk: Actor) -> list[str]:
        (grace,) = search.list_patients(session, clerk, Criteria(search="hopper")).rows
        visits = appointments.list_of_patient(session, clerk, grace.id)
        return [str(visit.booking_id) for visit in visits]

    assert opened.expected["booking"] in opened.read(find)


def test_the_audit_log_is_whole_up_to_its_seal_and_goes_on(opened):
    opened.read(lambda s, clerk: search.list_patients(s, clerk, Criteria()))
    opened.database.write(lambda s: chain.ship(s, opened.audit), identity=SYSTEM)

    verified = chain.verify(opened.database, opened.audit, opened.seal_keys)

    assert (verified.broken, verified.sealed) == (None, opened.expected["sealed"])
    assert verified.checked > verified.sealed


def test_a_byte_that_is_changed_in_the_record_shows(databases, addresses):
    with recorded.restored(databases, addresses, change=spoil) as folder:
        schema.bring_up_to_date(folder.endpoints)

        findings = [
            checking.check(folder.files, reference)
            for reference in references_of(folder)
        ]
        verified = chain.verify(folder.database, folder.audit, folder.seal_keys)

    assert {finding.state for finding in findings} == {State.DAMAGED}
    assert verified.broken is not None


def spoil(entry: Entry) -> None:
    """Change one byte of each chunk of a file, and the case of an entry's action."""
    document = entry["document"]
    if entry["collection"].endswith(".chunks"):
        document["data"] = document["data"][:-1] + bytes([document["data"][-1] ^ 1])
    if entry["collection"] == COLLECTION and document["_id"] == 1:
        document["action"] = document["action"].upper()
