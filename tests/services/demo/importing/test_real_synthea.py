"""Synthea's own files, where there are any: CHARTROOM_SYNTHEA names their folder."""

import csv
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from services.demo.importing import FileSummary, records
from services.demo.importing.applying import Outcome
from tests.services.demo.importing.conftest import run_import

SYNTHEA = Path(
    os.environ.get(
        "CHARTROOM_SYNTHEA",
        Path(__file__).resolve().parents[5] / "shared" / "data" / "synthea",
    )
)

pytestmark = pytest.mark.skipif(
    not (SYNTHEA / "patients.csv").exists(), reason=f"no Synthea data in {SYNTHEA}"
)


@dataclass(frozen=True)
class Imported:
    """The summaries of the files, and the list of rejects."""

    summaries: Mapping[str, FileSummary]
    rejects: Path


@pytest.fixture(scope="module")
def imported(shared_database, tmp_path_factory):
    """The files, imported once into the database that the tests here share."""
    rejects = tmp_path_factory.mktemp("synthea") / "rejects.csv"
    return Imported(run_import(shared_database, rejects, SYNTHEA), rejects)


@pytest.fixture
def engine(imported, module_engine):
    """An engine on the database with the imported files."""
    return module_engine


def read(name):
    with (SYNTHEA / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def number(engine, sql):
    with engine.connect() as connection:
        return connection.scalar(text(sql))


def test_everybody_arrives_and_nothing_is_rejected(imported, engine):
    summaries = imported.summaries

    patients, providers = len(read("patients.csv")), len(read("providers.csv"))
    assert summaries["patients"].outcome == Outcome(patients, 0, 0, 0)
    assert summaries["providers"].outcome == Outcome(providers, 0, 0, 0)
    assert number(engine, "SELECT count(*) FROM patients") == patients
    assert number(engine, "SELECT count(*) FROM doctors") == providers
    assert not imported.rejects.exists()


def checksums(engine):
    rows = "SELECT md5(string_agg(row::text, '' ORDER BY id)) FROM {} AS row"
    return [
        number(engine, rows.format(table)) for table in ("patients", "clinical_entries")
    ]


def test_a_second_run_changes_nothing(take_over, engine):
    before = checksums(engine)

    summaries = take_over(SYNTHEA)

    assert checksums(engine) == before
    assert summaries["patients"].outcome == Outcome(0, 0, len(read("patients.csv")), 0)


def test_allergies_and_medications_are_those_of_the_files(engine):
    allergic = {row["PATIENT"] for row in read("allergies.csv") if not row["STOP"]}
    taking = {
        (row["PATIENT"], " ".join(row["DESCRIPTION"].lower().split()))
        for row in read("medications.csv")
        if not row["STOP"]
    }
    assert number(
        engine, "SELECT count(*) FROM patients WHERE allergies <> '{}'"
    ) == len(allergic)
    assert number(
        engine, "SELECT sum(cardinality(current_medications)) FROM patients"
    ) == len(taking)


def test_names_have_no_digits_and_nobody_is_given_contacts(engine):
    with_digits = (
        "SELECT count(*) FROM patients WHERE first_name || last_name ~ '[0-9]'"
    )
    reachable = (
        "SELECT count(*) FROM patients WHERE coalesce(email, phone_number) <> ''"
    )
    assert number(engine, with_digits) == 0
    assert number(engine, reachable) == 0


def test_every_death_is_noted(engine):
    noted = "SELECT count(*) FROM patients WHERE 'Deceased' = ANY (medical_history)"
    assert number(engine, noted) == sum(
        bool(row["DEATHDATE"]) for row in read("patients.csv")
    )


def test_every_line_that_is_taken_is_an_entry_of_its_day(imported, engine):
    summaries = imported.summaries

    for name, kind in (("medications", "medication"), ("conditions", "condition")):
        days = {
            (row["PATIENT"], row["CODE"], row["DESCRIPTION"], row["START"][:10])
            for row in read(f"{name}.csv")
        }
        left_out = summaries[name].left_out
        entries = f"SELECT count(*) FROM clinical_entries WHERE kind = '{kind}'"
        assert number(engine, entries) == len(days) - left_out
    assert summaries["medications"].left_out == 0
    assert summaries["conditions"].left_out == sum(
        row["CODE"] in records._NO_HISTORY or row["DESCRIPTION"].endswith("(person)")
        for row in read("conditions.csv")
    )


def test_every_death_has_its_day(engine):
    with engine.connect() as connection:
        kept = connection.execute(
            text(
                "SELECT source_id, deceased_on::text FROM patients "
                "WHERE deceased_on IS NOT NULL"
            )
        ).all()
    assert sorted(map(tuple, kept)) == sorted(
        (row["Id"], row["DEATHDATE"])
        for row in read("patients.csv")
        if row["DEATHDATE"]
    )
