"""Bundles of Synthea's shapes are imported, twice the same way, and reported."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.services.demo.importing import synthea_bundles
from tests.services.demo.importing.fhir_samples import reasons
from tests.services.demo.importing.synthea_bundles import (
    SKIPPED,
    SyntheaShapes,
    SyntheticPatient,
)

_MANY = 24
Made = tuple[Path, list[SyntheticPatient]]


@pytest.fixture
def made(tmp_path) -> Made:
    """A folder as Synthea leaves it, and the patients in it."""
    shapes = SyntheaShapes(19)
    patients = shapes.patients(_MANY)
    return synthea_bundles.write(tmp_path / "fhir", shapes, patients), patients


@pytest.fixture
def rows(engine):
    """Returns whole tables, with the times of their changes among the columns."""

    def rows(table: str) -> list[dict[str, Any]]:
        wanted = text(f"SELECT * FROM {table} ORDER BY id")
        with engine.connect() as connection:
            return [dict(row) for row in connection.execute(wanted).mappings()]

    return rows


def test_every_patient_is_taken_with_what_lasts_and_without_digits(
    take, made, rows, rejects
):
    folder, patients = made

    take(path=folder)

    kept = {row["source_id"]: row for row in rows("patients")}
    assert reasons(rejects) == []
    assert kept.keys() == {each.id for each in patients}
    for each in patients:
        row = kept[each.id]
        assert (row["first_name"], row["last_name"]) == (each.first, each.last)
        assert (row["sex"], row["date_of_birth"]) == (each.gender, each.born)
        assert row["deceased_on"] == each.died
        assert row["address"] == "1 Any Road Unit 2, Boston, 02101"
        died = {"Deceased"} if each.died else set()
        assert set(row["medical_history"]) == each.conditions | died
        assert set(row["allergies"]) == each.allergies
        assert set(row["current_medications"]) == each.drugs
    assert sum(each.died is not None for each in patients) == _MANY / 3


def test_what_has_a_date_is_an_entry_of_whoever_it_is_about(take, made, rows):
    folder, patients = made

    take(path=folder)

    ids = {row["id"]: row["source_id"] for row in rows("patients")}
    entries = rows("clinical_entries")
    counted = Counter(ids[entry["patient_id"]] for entry in entries)
    assert counted == {each.id: each.dated for each in patients}
    systems = {entry["kind"]: entry["system"] for entry in entries}
    assert systems["medication"].endswith("/rxnorm")
    assert systems["observation"] == "http://loinc.org"


def test_bills_and_all_else_that_is_no_record_are_counted_as_left_out(take, made):
    folder, patients = made
    left_out = sum((each.left_out for each in patients), Counter())
    left_out |= {"Organization": 3, "Practitioner": 3}

    summaries = take(path=folder)

    counted = {name: each.left_out for name, each in summaries.items() if each.left_out}
    assert counted == dict(left_out)
    assert {name: counted[name] for name in SKIPPED} == dict.fromkeys(SKIPPED, _MANY)
    assert sum(each.resources for each in summaries.values()) == sum(
        len(json.loads(path.read_text())["entry"]) for path in folder.iterdir()
    )


def test_a_second_run_changes_nothing(take, made, rows):
    folder, patients = made
    take(path=folder)
    before = rows("patients"), rows("clinical_entries")

    again = take(path=folder)["Patient"].outcome

    assert (again.new, again.updated, again.unchanged) == (0, 0, len(patients))
    assert (rows("patients"), rows("clinical_entries")) == before


def test_a_bundle_may_name_what_it_tells_of_later(take, made, rows, rejects):
    folder, patients = made
    for path in folder.iterdir():
        bundle = json.loads(path.read_text())
        bundle["entry"].reverse()
        path.write_text(json.dumps(bundle))

    take(path=folder)

    assert reasons(rejects) == []
    drugs = {row["source_id"]: row["current_medications"] for row in rows("patients")}
    assert {id_: set(names) for id_, names in drugs.items()} == {
        each.id: each.drugs for each in patients
    }
    assert len(rows("clinical_entries")) == sum(each.dated for each in patients)


def test_what_is_broken_is_listed_and_all_else_is_taken(take, tmp_path, rows, rejects):
    shapes = SyntheaShapes(20)
    patients = shapes.patients(3)
    due = sorted(synthea_bundles.spoil(patients[1]))
    folder = synthea_bundles.write(tmp_path / "fhir", shapes, patients)

    take(path=folder)

    listed = sorted((kind, id_, reason) for _, kind, id_, reason in reasons(rejects))
    assert [row[:2] for row in listed] == [row[:2] for row in due]
    for (*_, reason), (*_, expected) in zip(listed, due, strict=True):
        assert reason.startswith(expected)
    assert len(rows("patients")) == len(patients)


def test_the_same_number_makes_the_same_bundles():
    first, again = (SyntheaShapes(7).patients(2) for _ in range(2))

    assert [each.bundle for each in first] == [each.bundle for each in again]
