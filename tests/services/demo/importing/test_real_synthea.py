"""Synthea's own files, where there are any: CHARTROOM_SYNTHEA names their folder."""

import csv
import os
from pathlib import Path

import pytest
from sqlalchemy import text

from services.demo.importing.applying import Outcome

SYNTHEA = Path(
    os.environ.get(
        "CHARTROOM_SYNTHEA",
        Path(__file__).resolve().parents[5] / "shared" / "data" / "synthea",
    )
)

pytestmark = pytest.mark.skipif(
    not (SYNTHEA / "patients.csv").exists(), reason=f"no Synthea data in {SYNTHEA}"
)


def read(name):
    with (SYNTHEA / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def number(engine, sql):
    with engine.connect() as connection:
        return connection.scalar(text(sql))


def test_everybody_arrives_and_nothing_is_rejected(take_over, engine, rejects):
    summaries = take_over(SYNTHEA)

    patients, providers = len(read("patients.csv")), len(read("providers.csv"))
    assert summaries["patients"].outcome == Outcome(patients, 0, 0, 0)
    assert summaries["providers"].outcome == Outcome(providers, 0, 0, 0)
    assert number(engine, "SELECT count(*) FROM patients") == patients
    assert number(engine, "SELECT count(*) FROM doctors") == providers
    assert not rejects.exists()


def test_a_second_run_changes_nothing(take_over, engine):
    checksum = "SELECT md5(string_agg(p::text, '' ORDER BY id)) FROM patients AS p"
    take_over(SYNTHEA)
    before = number(engine, checksum)

    summaries = take_over(SYNTHEA)

    assert number(engine, checksum) == before
    assert summaries["patients"].outcome == Outcome(0, 0, len(read("patients.csv")), 0)


def test_allergies_and_medications_are_those_of_the_files(take_over, engine):
    take_over(SYNTHEA)

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


def test_names_have_no_digits_and_nobody_is_given_contacts(take_over, engine):
    take_over(SYNTHEA)

    with_digits = (
        "SELECT count(*) FROM patients WHERE first_name || last_name ~ '[0-9]'"
    )
    reachable = (
        "SELECT count(*) FROM patients WHERE coalesce(email, phone_number) <> ''"
    )
    assert number(engine, with_digits) == 0
    assert number(engine, reachable) == 0


def test_every_death_is_noted(take_over, engine):
    take_over(SYNTHEA)

    noted = "SELECT count(*) FROM patients WHERE 'Deceased' = ANY (medical_history)"
    assert number(engine, noted) == sum(
        bool(row["DEATHDATE"]) for row in read("patients.csv")
    )
