"""The commands import-synthea and seed, run as from a terminal."""

import pytest
from sqlalchemy import text

from tests.conftest import connect
from tests.services.demo.importing import fhir_samples
from tests.services.demo.importing.synthea_samples import (
    ADA,
    replace_heading,
    write_folder,
)


@pytest.fixture
def folder(tmp_path):
    return write_folder(tmp_path / "synthea")


@pytest.fixture
def count(database_url):
    engine = connect(database_url)

    def count(table):
        with engine.connect() as connection:
            return connection.scalar(text(f"SELECT count(*) FROM {table}"))

    yield count
    engine.dispose()


def cells(output, file):
    [line] = [line for line in output.splitlines() if line.strip().startswith(file)]
    return line.split()[1:]


def test_an_import_says_what_became_of_every_file(run, folder, count):
    first = run("import-synthea", folder)
    again = run("import-synthea", folder)

    #                                             lines, new, updated, unchanged, kept
    assert cells(first.stdout, "patients.csv") == ["2", "2", "0", "0", "0", "0", "0"]
    assert cells(again.stdout, "patients.csv") == ["2", "0", "0", "2", "0", "0", "0"]
    assert cells(first.stdout, "conditions.csv") == ["2", "0", "0"]
    assert (first.returncode, first.stderr) == (0, "")
    assert (count("patients"), count("doctors")) == (2, 1)


def test_bad_lines_are_listed_beside_and_the_command_succeeds(run, folder, tmp_path):
    write_folder(folder, patients=[ADA, "Id-Cy,1980-02-30,,Cy,Cole,M,,,"])

    finished = run("import-synthea", folder)

    assert finished.returncode == 0
    assert "listed in rejects.csv" in finished.stdout
    assert (tmp_path / "rejects.csv").read_text().splitlines() == [
        "file,line,reason",
        "patients.csv,3,BIRTHDATE is not a date such as 1980-12-31",
    ]
    assert "Cole" not in finished.stdout + finished.stderr


def test_the_list_of_bad_lines_can_lie_elsewhere(run, folder, tmp_path):
    write_folder(folder, patients=["bad"])

    run("import-synthea", folder, "--rejects", tmp_path / "bad.csv")

    assert (tmp_path / "bad.csv").exists()
    assert not (tmp_path / "rejects.csv").exists()


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (
            lambda folder: replace_heading(folder / "patients.csv", "Id,FIRST"),
            "patients.csv has no column BIRTHDATE",
        ),
        (
            lambda folder: (folder / "providers.csv").unlink(),
            "There is no providers.csv in",
        ),
    ],
    ids=["a column is missing", "a file is missing"],
)
def test_what_cannot_be_imported_is_one_sentence(run, folder, spoil, sentence):
    spoil(folder)

    finished = run("import-synthea", folder)

    assert finished.returncode == 1
    assert finished.stderr.startswith(sentence)
    assert finished.stderr.count("\n") == 1
    assert finished.stdout == ""


def test_seeding_says_what_it_added_and_adds_it_once(run, count):
    first = run("seed", "--patients", 30)
    again = run("seed", "--patients", 30)

    assert "Added 30 invented patients." in first.stdout
    assert "30 invented patients are there already." in again.stdout
    assert (first.returncode, first.stderr) == (0, "")
    assert count("patients") == 30


def test_seeding_says_how_much_has_happened_to_patients(run, count):
    finished = run("seed", "--patients", 30, "--events", 10)

    assert "Added 300 dated entries of their records." in finished.stdout
    assert (finished.returncode, finished.stderr) == (0, "")
    assert count("clinical_entries") == 300


def test_an_address_is_of_one_patient_once_the_clinic_says_so(run, folder, count):
    run("import-synthea", folder)

    required, again, given_up = (
        run("unique-emails", *options) for options in ((), (), ("--off",))
    )

    assert required.stdout.startswith("From now on, an e-mail address belongs to one")
    assert again.stdout == required.stdout
    assert given_up.stdout == "Patients may share an e-mail address.\n"
    assert count("audit_events WHERE action = 'registration:change'") == 2


def test_a_list_of_drugs_is_checked_and_taken_from_the_terminal(run, tmp_path, count):
    listed = tmp_path / "drugs.csv"
    listed.write_text("name,active_ingredients\nZyrafen,Ibuprofen\n")

    checked = run("import-codes", "drugs", listed, "--check")
    assert "New: Zyrafen" in checked.stdout
    assert count("listed_drugs") == 0
    taken = run("import-codes", "drugs", listed, "--use", "both")
    assert "1 new, 0 changed, 0 retired, 0 unchanged." in taken.stdout
    assert count("listed_drugs WHERE retired_at IS NULL") == 1
    assert count("code_lists WHERE kind = 'drugs' AND source = 'both'") == 1


def test_a_list_with_bad_lines_is_refused_with_each_of_them(run, tmp_path, count):
    listed = tmp_path / "codes.csv"
    listed.write_text("code,term\nI10,High blood pressure\nR 05,Cough\nR06,\n")

    refused = run("import-codes", "diagnoses", listed)

    assert refused.returncode == 1
    assert refused.stderr.splitlines()[:2] == [
        (
            "Line 3: “R 05” is not a code: use at most 20 letters, digits and . + * / "
            "-, without spaces."
        ),
        "Line 4: the term is missing.",
    ]
    assert count("listed_diagnoses") == 0


def test_bundles_of_fhir_are_taken_over_and_said_type_by_type(run, tmp_path, count):
    bad = fhir_samples.condition(onsetDateTime="soon", id="bad-1")
    write = fhir_samples.write_bundle
    path = write(tmp_path / "ada.json", *fhir_samples.ALL, bad)

    first, again = run("import-fhir", path), run("import-fhir", path)

    #                                      resources, new, updated, unchanged, kept
    assert cells(first.stdout, "Patient") == ["2", "2", "0", "0", "0", "0", "0"]
    assert cells(again.stdout, "Patient") == ["2", "0", "0", "2", "0", "0", "0"]
    assert cells(first.stdout, "Organization") == ["1", "1", "0"]
    assert cells(first.stdout, "Condition") == ["3", "0", "1"]
    assert (first.returncode, first.stderr, count("patients")) == (0, "", 2)
    assert (tmp_path / "rejects.csv").read_text().splitlines() == [
        "file,type,id,reason",
        "ada.json,Condition,bad-1,onsetDateTime is no date such as 1980-12-31",
    ]


def test_a_file_that_is_no_bundle_is_one_sentence(run, tmp_path, count):
    path = tmp_path / "ada.json"
    path.write_text('{"resourceType": "Patient", "name": [{"family": "Byron"}]}')

    finished = run("import-fhir", path)

    assert (finished.returncode, finished.stdout) == (1, "")
    sentence = "ada.json is no Bundle of FHIR but a Patient. Nothing was imported.\n"
    assert finished.stderr == sentence
    assert count("patients") == 0
