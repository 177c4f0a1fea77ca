"""Importing a folder: whole, repeatable, and careful with people's changes since."""

import csv
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import text

from db.postgres import SYSTEM
from services.core.errors import NotAllowed
from services.demo import importing
from services.demo.importing.applying import Outcome
from services.patients.records import patients
from tests.conftest import connect
from tests.kit.waiting import eventually
from tests.services.demo.importing.synthea_samples import (
    ADA,
    BEN,
    DORA,
    replace_heading,
    write_folder,
)

_CHECKSUM = """
SELECT md5(string_agg(row, E'\\n' ORDER BY row)) FROM (
    SELECT patients::text AS row FROM patients
    UNION ALL SELECT doctors::text FROM doctors
    UNION ALL SELECT clinical_entries::text FROM clinical_entries
) AS rows
"""


def rows(engine, sql):
    with engine.connect() as connection:
        return [row._asdict() for row in connection.execute(text(sql))]


def checksum(engine):
    with engine.connect() as connection:
        return connection.scalar(text(_CHECKSUM))


def listed(rejects):
    with rejects.open(newline="") as file:
        return [(r["file"], int(r["line"]), r["reason"]) for r in csv.DictReader(file)]


def patient(engine, source_id="Id-Ada"):
    [row] = rows(engine, f"SELECT * FROM patients WHERE source_id = '{source_id}'")
    return row


@pytest.fixture
def folder(tmp_path):
    return write_folder(tmp_path / "synthea")


@pytest.fixture
def rename_ada(database, engine, clerk, today):
    """Corrects Ada's last name at the front desk."""

    def rename(last_name):
        def edit(session):
            record = patients.get_patient(session, clerk, patient(engine)["id"])
            draft = replace(record.draft(), last_name=last_name)
            patients.edit(
                session, clerk, record.id, draft, version=record.version, today=today
            )

        database.write(edit, identity=clerk.database_identity)

    return rename


def test_patients_arrive_with_all_that_belongs_to_them(take_over, folder, engine):
    take_over(folder)

    ada = patient(engine)
    assert (ada["first_name"], ada["last_name"]) == ("Ada", "Byron")
    assert ada["allergies"] == ["Latex"]
    assert ada["medical_history"] == ["Asthma", "Pneumonia"]  # in order of time
    assert ada["current_medications"] == ["Salbutamol inhaler"]
    assert (ada["source"], ada["version"], ada["email"]) == ("synthea", 1, None)


def test_providers_become_doctors(take_over, folder, engine):
    take_over(folder)

    [dora] = rows(engine, "SELECT * FROM doctors")
    assert (dora["name"], dora["speciality"]) == ("Dora D'Amore", "General practice")


def test_the_deceased_are_taken_and_their_history_says_so(take_over, folder, engine):
    take_over(folder)

    assert patient(engine, "Id-Ben")["medical_history"] == ["Deceased"]


def entries(engine, columns="term, code, started_on, ended_on"):
    entry_rows = rows(
        engine, f"SELECT {columns} FROM clinical_entries ORDER BY started_on"
    )
    return [tuple(row.values()) for row in entry_rows]


def test_what_has_a_date_becomes_an_entry_with_its_code(take_over, folder, engine):
    take_over(folder)

    assert entries(engine, "kind, term, code, started_on, ended_on") == [
        ("allergy", "Latex", "1", date(1990, 3, 1), None),
        ("condition", "Asthma", "3", date(2000, 1, 1), None),
        ("condition", "Pneumonia", "2", date(2001, 4, 2), date(2001, 5, 2)),
        ("medication", "Salbutamol inhaler", "4", date(2012, 7, 7), None),
    ]


def test_what_has_passed_is_an_entry_and_in_no_list(take_over, folder, engine):
    write_folder(
        folder,
        conditions=["2000-01-01,2000-01-09,Id-Ada,49727002,Cough (finding)"],
        medications=["2000-01-01,2000-01-09,Id-Ada,4,Codeine"],
    )

    take_over(folder)

    assert {term for term, *_ in entries(engine)} == {"Latex", "Cough", "Codeine"}
    ada = patient(engine)
    assert ada["medical_history"] == ada["current_medications"] == []


def test_an_entry_that_ended_since_is_ended_and_one_that_is_gone_goes(
    take_over, folder, engine
):
    take_over(folder)
    write_folder(folder, conditions=["2000-01-01,2004-01-01,Id-Ada,3,Asthma"])

    take_over(folder)

    conditions = [entry for entry in entries(engine) if entry[1] in "23"]
    assert conditions == [("Asthma", "3", date(2000, 1, 1), date(2004, 1, 1))]


def test_more_files_are_taken_where_the_folder_has_them(take_over, folder, engine):
    (folder / "observations.csv").write_text(
        "DATE,PATIENT,CODE,DESCRIPTION,VALUE,UNITS\n"
        "2020-01-01T08:00:00Z,Id-Ada,8302-2,Body Height,171.5,cm\n"
    )
    take_over(folder)
    (folder / "observations.csv").unlink()

    take_over(folder)

    heights = [
        e for e in entries(engine, "kind, code, value, unit") if e[1] == "8302-2"
    ]
    assert heights == [("observation", "8302-2", Decimal("171.5"), "cm")]


def test_the_day_of_a_death_is_kept(take_over, folder, engine):
    take_over(folder)

    assert patient(engine, "Id-Ben")["deceased_on"] == date(2019, 6, 30)
    assert patient(engine)["deceased_on"] is None


def test_a_second_run_changes_nothing_at_all(take_over, folder, engine):
    take_over(folder)
    before = checksum(engine)

    summaries = take_over(folder)

    assert checksum(engine) == before
    assert summaries["patients"].outcome == Outcome(0, 0, 2, 0)
    assert summaries["providers"].outcome == Outcome(0, 0, 1, 0)


def test_what_synthea_changed_is_taken_over_again(take_over, folder, engine):
    take_over(folder)
    write_folder(folder, patients=[ADA.replace("Elm Road", "Oak Road"), BEN])

    summaries = take_over(folder)

    ada = patient(engine)
    assert ada["address"] == "12 Oak Road, Sutton, SU1 2AB"
    assert (ada["version"], ada["updated_at"] > ada["created_at"]) == (2, True)
    assert summaries["patients"].outcome == Outcome(0, 1, 1, 0)


def test_an_updated_record_is_updated_again(take_over, folder, engine):
    for road in ("Elm Road", "Oak Road", "Ash Road"):
        write_folder(folder, patients=[ADA.replace("Elm Road", road), BEN])
        take_over(folder)

    assert patient(engine)["address"] == "12 Ash Road, Sutton, SU1 2AB"


def test_what_the_front_desk_edited_is_kept_and_said(
    take_over, folder, engine, rename_ada
):
    take_over(folder)
    rename_ada("Lovelace")
    before = checksum(engine)

    summaries = take_over(folder)

    assert checksum(engine) == before
    assert summaries["patients"].outcome == Outcome(0, 0, 1, 1)


@pytest.mark.parametrize(
    "change",
    ["deleted_at = now()", "deleted_at = now(), merged_into_id = '{other}'"],
    ids=["archived", "merged"],
)
def test_archived_and_merged_records_stay_so(take_over, folder, engine, change):
    take_over(folder)
    other = patient(engine, "Id-Ben")["id"]
    with engine.begin() as connection:
        connection.execute(
            text(
                f"UPDATE patients SET {change} WHERE source_id = 'Id-Ada'".format(
                    other=other
                )
            )
        )
    before = checksum(engine)
    write_folder(folder, patients=[ADA.replace("Elm Road", "Oak Road"), BEN])

    summaries = take_over(folder)

    assert checksum(engine) == before
    assert summaries["patients"].outcome == Outcome(0, 0, 1, 1)


def test_a_doctor_is_updated_but_not_brought_back(take_over, folder, engine):
    take_over(folder)
    write_folder(folder, providers=[DORA.replace("London", "Leeds")])
    assert take_over(folder)["providers"].outcome == Outcome(0, 1, 0, 0)

    with engine.begin() as connection:
        connection.execute(text("UPDATE doctors SET deleted_at = now()"))
    write_folder(folder)

    assert take_over(folder)["providers"].outcome == Outcome(0, 0, 0, 1)
    assert rows(engine, "SELECT city FROM doctors") == [{"city": "Leeds"}]


def test_bad_lines_are_listed_and_stop_nothing(take_over, folder, engine, rejects):
    write_folder(
        folder,
        patients=[
            "Id-Cy,1980-02-30,,Cy,Cole,M,,,",
            ADA,
            'Id-Di,1980-05-17,,"Di,Dee,F,,,',
            BEN,
            ADA.replace("Ada12", "Adele12"),
        ],
        conditions=[
            "2000-01-01,,Id-Nobody,3,Asthma",
            "2000-01-01,,Id-Cy,3,Asthma",
            "2000-01-01,,Id-Ada,3,Asthma",
        ],
        providers=[DORA, DORA],
    )

    summaries = take_over(folder)

    stray = "PATIENT is on no line of patients.csv that could be taken"
    assert listed(rejects) == [
        ("patients.csv", 2, "BIRTHDATE is not a date such as 1980-12-31"),
        ("patients.csv", 4, "the quotation marks are broken"),
        ("patients.csv", 6, "Id stands already on line 3"),
        ("conditions.csv", 2, stray),
        ("conditions.csv", 3, stray),
        ("providers.csv", 3, "Id stands already on line 2"),
    ]
    assert patient(engine)["first_name"] == "Ada"
    assert patient(engine)["medical_history"] == ["Asthma"]
    assert (summaries["patients"].lines, summaries["patients"].rejected) == (5, 3)
    assert (summaries["conditions"].lines, summaries["conditions"].rejected) == (3, 2)


def test_bytes_that_are_not_utf8_cost_their_own_line_only(
    take_over, folder, engine, rejects
):
    bad = ADA.replace("Id-Ada", "Id-Bad").encode().replace(b"Ada", b"Ad\xe9")
    write_folder(folder, patients=bad + b"\n" + ADA.encode() + b"\n" + BEN.encode())

    take_over(folder)

    assert listed(rejects) == [("patients.csv", 2, "the line is not UTF-8")]
    assert len(rows(engine, "SELECT FROM patients")) == 2


def test_a_patient_has_each_term_once_in_its_first_spelling(take_over, folder, engine):
    write_folder(
        folder,
        conditions=[
            "2003-01-01,,Id-Ada,3,asthma",
            "2001-01-01,,Id-Ada,3,Asthma",
            "2002-01-01,,Id-Ada,3,Gout",
        ],
    )

    take_over(folder)

    assert patient(engine)["medical_history"] == ["Asthma", "Gout"]


def test_more_terms_than_a_list_can_hold_are_rejected(
    take_over, folder, engine, rejects
):
    write_folder(
        folder, conditions=[f"2000-01-01,,Id-Ada,3,Illness {n}" for n in range(103)]
    )

    take_over(folder)

    reason = "the patient has 100 entries of this kind already"
    assert listed(rejects) == [("conditions.csv", n, reason) for n in (102, 103, 104)]
    assert len(patient(engine)["medical_history"]) == 100


def test_terms_are_counted_as_left_out_when_they_are_not_wanted(take_over, folder):
    write_folder(
        folder,
        conditions=[
            "2000-01-01,,Id-Ada,32911000,Homeless (finding)",
            "2000-01-01,,Id-Ada,3,Asthma",
        ],
    )

    summary = take_over(folder)["conditions"]

    assert (summary.lines, summary.left_out, summary.rejected) == (2, 1, 0)


def test_values_that_copy_could_misread_arrive_unchanged(take_over, folder, engine):
    write_folder(folder, patients=[ADA.replace("12 Elm Road", r"\N 12\t Elm"), BEN])

    take_over(folder)

    assert patient(engine)["address"] == r"\N 12\t Elm, Sutton, SU1 2AB"


def test_an_interrupted_import_leaves_nothing_behind(
    take_over, folder, engine, rejects
):
    def interrupt(_size):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take_over(folder, report=interrupt)

    assert rows(engine, "SELECT FROM patients") == []
    assert not rejects.exists()


def test_only_who_may_import_can(database, clerk, folder, rejects, today):
    def take_over(session):
        importing.import_synthea(
            session,
            clerk,
            importing.Folder.find(folder),
            importing.RejectsFile(rejects),
            today=today,
        )

    with pytest.raises(NotAllowed, match="import records"):
        database.write(take_over, identity=SYSTEM)


def test_a_missing_column_is_named_before_anything_is_done(folder):
    replace_heading(folder / "conditions.csv", "START,STOP,PATIENT,CODE,TEXT")

    with pytest.raises(
        importing.CannotImport, match=r"conditions\.csv has no column DESCRIPTION"
    ):
        importing.Folder.find(folder)


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(importing.CannotImport, match="is no folder"):
        importing.Folder.find(tmp_path / str(uuid4()))


def test_an_edit_saved_while_the_import_runs_is_kept(take_over, folder, engine):
    take_over(folder)
    write_folder(folder, patients=[ADA.replace("Elm Road", "Oak Road"), BEN])

    with ThreadPoolExecutor(1) as thread, engine.begin() as editing:
        editing.execute(
            text("UPDATE patients SET last_name = 'Lovelace', version = version + 1")
        )
        importing_now = thread.submit(take_over, folder)
        wait_until_blocked(engine, "INSERT INTO patients")
        editing.commit()
        summaries = importing_now.result(timeout=30)

    ada = patient(engine)
    assert (ada["last_name"], ada["version"]) == ("Lovelace", 2)
    assert ada["address"] == "12 Elm Road, Sutton, SU1 2AB"
    assert summaries["patients"].outcome == Outcome(0, 0, 0, 2)


def wait_until_blocked(engine, statement):
    waiting = (
        "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
        f"AND datname = current_database() AND query LIKE '%{statement}%'"
    )
    eventually(lambda: rows(engine, waiting))


def test_an_import_whose_connection_dies_starts_over_and_lists_rejects_once(
    take_over, folder, module_endpoints, rejects
):
    write_folder(folder, patients=[ADA, "bad"], conditions=["bad"] * 20_000)
    # A login may terminate its own backends.
    importer = connect(module_endpoints.database_url)
    copying = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND query LIKE 'COPY arriving_terms%'"
    )
    killed = []

    def kill_once(_size):
        if not killed:
            killed.extend(rows(importer, copying))

    summaries = take_over(folder, report=kill_once)
    importer.dispose()

    assert len(killed) == 1
    assert summaries["patients"].outcome == Outcome(1, 0, 0, 0)
    assert len(listed(rejects)) == 20_001
