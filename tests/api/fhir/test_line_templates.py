"""A line of an export is what the mapping returns, byte for byte."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import cast as as_type, func, literal, select, union_all

from api.core.answers import to_json
from api.fhir.bulk.line_templates import EmbeddedText, known_of, template_maker
from api.fhir.definitions import Resource
from api.fhir.resources import patients
from api.fhir.resources.patients import patient_resource
from api.fhir.table import BULK_SOURCES
from db.postgres import SYSTEM, Database
from services.core.actors import Role
from services.demo import seeding
from services.fhir.bulk_exports.model import BulkSelection
from services.lists.streaming.line_fields import LineField, LineFieldKind
from services.lists.streaming.line_filling import LineFiller, LinesMissing
from services.lists.streaming.line_pieces import LinePiece
from services.lists.streaming.lines import LineSource, stream_lines
from services.patients.records.model import PatientRecord, Sex
from services.patients.records.streaming import PATIENT_FIELDS
from tests.api.fhir.conftest import link_of
from tests.kit import cast
from tests.kit.replicas import await_everywhere

AT = datetime(2026, 11, 20, 12, 0, 0, 250, tzinfo=UTC)
ADA = PatientRecord(
    **{name: getattr(cast.ADA, name) for name in cast.ADA.__dataclass_fields__},
    id=UUID(int=1),
    record_number="4K7P2X",
    photo_file_id=None,
    version=3,
    created_at=AT,
    updated_at=AT,
    deleted_at=None,
    merged_into_id=None,
)
BARE = replace(ADA, phone_number=None, email=None, address=None, emergency_contact=None)
ODD = {
    "somebody": ADA,
    "nothing that may be missing": BARE,
    "another sex": replace(ADA, sex=Sex.OTHER),
    "archived": replace(ADA, deleted_at=AT),
    "merged": replace(ADA, deleted_at=AT, merged_into_id=UUID(int=2)),
    "dead": replace(ADA, deceased_on=date(2026, 1, 2)),
    "imported": replace(ADA, source="fhir", source_id="patient-7"),
    "escaped": replace(ADA, last_name='O"Neil \\ \t\n\r\b\f\v\x01\x02\x1e\x1f/'),
    "a vertical tab": replace(ADA, last_name="a\vb"),
    "escaped, and a letter": replace(ADA, last_name="\\v \\\\v \\n \\N"),
    "like what is missing": replace(ADA, last_name="\\N", first_name="NULL"),
    "a byte order mark": replace(ADA, last_name="\ufeffa", first_name="\ufeff"),
    "a back slash at the end": replace(ADA, last_name='"\\'),
    "per cent": replace(ADA, last_name="100 % %s %(a)s %1$s {0}"),
    "other letters": replace(ADA, first_name="Zoë 李 😀 \u2028\x7f"),
    "like a placeholder": replace(ADA, first_name="\ue0003\ue001\ue0020\ue003"),
    "empty": replace(ADA, address="", emergency_contact=""),
    "whole seconds": replace(ADA, updated_at=AT.replace(microsecond=0)),
    "tenths of seconds": replace(ADA, updated_at=AT.replace(microsecond=100_000)),
    "long ago": replace(
        ADA, date_of_birth=date(1, 2, 3), updated_at=AT.replace(year=1)
    ),
}

[ID] = [field for field in PATIENT_FIELDS if field.name == "id"]


def source_of(fields: Sequence[LineField], records: Iterable[Any]) -> LineSource:
    """Return records as rows that are in no table."""
    rows = union_all(
        *(
            select(
                *(
                    as_type(literal(_plain(record, field)), field.column.type).label(
                        field.name
                    )
                    for field in fields
                )
            )
            for record in records
        )
    ).subquery("told")
    of_rows = [LineField(f.name, rows.c[f.name], f.kind) for f in fields]
    return LineSource(rows=select(rows), fields=of_rows, patient_id=rows.c.id)


def _plain(record: Any, field: LineField) -> Any:
    value = getattr(record, field.name)
    return value.value if isinstance(value, Sex) else value


def whole_lines(pieces: Iterable[LinePiece]) -> list[bytes]:
    """Return the lines; each piece must have as many as its count."""
    lines = []
    for piece in pieces:
        some = bytes(piece.lines).splitlines()
        assert len(some) == piece.count
        lines += some
    return lines


def lines_of(
    database: Database,
    fields: Sequence[LineField],
    records: Iterable[Any],
    describe,
    zone: str = "UTC",
) -> list[bytes]:
    rows = source_of(fields, records)
    template_of = template_maker(rows.fields, describe)
    with database.reading(identity=SYSTEM, is_snapshot=True) as session:
        session.execute(select(func.set_config("timezone", zone, True)))
        return whole_lines(stream_lines(session, rows, template_of, None))


@pytest.mark.parametrize(
    "some", [[*ODD.values()], *([each] for each in ODD.values())], ids=["all", *ODD]
)
def test_lines_are_what_the_mapping_returns(application, some):
    lines = lines_of(
        application.database, PATIENT_FIELDS, some, patients.describe_fields
    )

    expected = [to_json(patient_resource(patient)) for patient in some]
    assert sorted(lines) == sorted(expected)


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York"])
def test_moments_are_told_by_the_database_s_clock_as_the_mapping_does(
    application, zone
):
    zoned = ZoneInfo(zone)
    changed = [
        replace(ADA, updated_at=at.astimezone(zoned))
        for at in (AT, AT.replace(microsecond=0), AT.replace(month=7))
    ]

    lines = lines_of(
        application.database, PATIENT_FIELDS, changed, patients.describe_fields, zone
    )

    assert sorted(lines) == sorted(to_json(patient_resource(each)) for each in changed)


def test_what_the_mapping_asks_of_a_record_is_read():
    with pytest.raises(AttributeError):
        patient_resource(known_of(PatientRecord, {"sex": Sex.MALE}))


def test_a_mapping_that_makes_another_text_of_one_is_refused(application):
    def describe(values: Mapping[str, Any]) -> Resource:
        return {"name": f"Dr. {values['last_name']}"}

    with pytest.raises(EmbeddedText):
        lines_of(application.database, PATIENT_FIELDS, [ADA], describe)


def test_texts_that_decide_how_a_line_reads_are_told_apart(application):
    # With a bar between them they would be the same.
    alike = [
        replace(ADA, last_name=last, first_name=first)
        for last, first in (("a", "b|c"), ("a|b", "c"), ("\t", "\\N"))
    ]
    fields = [
        LineField(field.name, field.column, LineFieldKind.FACT)
        for field in PATIENT_FIELDS
        if field.name in {"first_name", "last_name"}
    ]

    lines = lines_of(application.database, [*fields, ID], alike, dict)

    assert sorted(lines) == sorted(
        to_json(
            {
                "last_name": patient.last_name,
                "first_name": patient.first_name,
                "id": patient.id,
            }
        )
        for patient in alike
    )


def test_what_begins_with_a_byte_order_mark_is_sent_whole(application):
    [name] = [field for field in PATIENT_FIELDS if field.name == "last_name"]
    marked = [replace(ADA, last_name="\ufeffa")]

    [line] = lines_of(application.database, [name, ID], marked, dict)

    assert json.loads(line)["last_name"] == "\ufeffa"


def test_what_is_neither_a_text_nor_holds_cannot_decide_how_a_line_reads(application):
    # PostgreSQL writes timestamps differently from Python.
    fields = [
        LineField(field.name, field.column, LineFieldKind.FACT)
        for field in PATIENT_FIELDS
        if field.name == "updated_at"
    ]

    with pytest.raises(TypeError, match="updated_at"):
        lines_of(application.database, [*fields, ID], [ADA], lambda _: {})


@pytest.mark.parametrize(
    "rows",
    [b"a\tx\rb\tx\n", b"a\tx\nb\t\\N\n"],
    ids=["a row that Arrow takes for two", "a word that is missing"],
)
def test_a_row_that_would_become_no_line_is_not_left_out(rows):
    text, _, *_ = PATIENT_FIELDS
    fields = [LineField(name, text.column, LineFieldKind.WORD) for name in ("a", "b")]
    filler = LineFiller(fields, lambda _: ["{", 0, ",", 1, "}"])

    with pytest.raises(LinesMissing):
        list(filler.fill(rows))


@pytest.mark.parametrize(
    "timestamp", [b"infinity", b"10000-01-01 00:00:00+00", b"0044-03-15 12:00:00+00 BC"]
)
def test_a_time_that_no_record_can_have_ends_the_export(timestamp):
    fields = [field for field in PATIENT_FIELDS if field.name == "updated_at"]
    filler = LineFiller(fields, lambda _: [0])

    with pytest.raises(LinesMissing):
        list(filler.fill(b"2026-11-20 12:00:00.25+00\n" + timestamp + b"\n"))


@pytest.fixture(scope="module")
def demo(module_endpoints, application) -> None:
    """The people of the demo, some of them archived and dead."""
    with closing(Database(module_endpoints)) as database:
        seeding.seed(database, patients=200)
        await_everywhere(database)


def pages(client, path: str) -> Iterator[bytes]:
    while path:
        answer = client.get(path)
        yield answer.content
        path = link_of(answer.json(), "next") or ""


def exported(application, kind: str) -> dict[str, bytes]:
    """Return the lines of all resources of a type, by their ids."""
    clerk = application.people[Role.STAFF]
    with application.database.reading(
        identity=clerk.database_identity, is_snapshot=True
    ) as session:
        read = BULK_SOURCES[kind].read(session, clerk, BulkSelection())
        lines = whole_lines(read)
    return {json.loads(line)["id"]: line for line in lines}


def compare(lines: Mapping[str, bytes], searched: Iterable[bytes]) -> set[str]:
    """Compare each resource of a search with its line; return all ids."""
    ids = set()
    for page in searched:
        for entry in json.loads(page).get("entry", ()):
            id_ = entry["resource"]["id"]
            assert b'"resource":' + lines[id_] + b"," in page
            ids.add(id_)
    return ids


def test_each_demo_patient_s_lines_are_those_of_a_search(demo, application, client):
    patients_by_id = exported(application, "Patient")
    allergies = exported(application, "AllergyIntolerance")

    current = compare(patients_by_id, pages(client, "/fhir/Patient?_count=100"))
    archived = compare(patients_by_id, pages(client, "/fhir/Patient?active=false"))
    allergy_ids = {
        id_
        for patient_id in patients_by_id
        for id_ in compare(
            allergies, pages(client, f"/fhir/AllergyIntolerance?patient={patient_id}")
        )
    }

    assert current | archived == patients_by_id.keys()
    assert len(patients_by_id) >= 200
    assert allergy_ids == allergies.keys()
    assert len(allergy_ids) > 50
