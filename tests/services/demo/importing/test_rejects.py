"""The list of bad lines is complete, private, and overwrites nothing else."""

import stat

import pytest

from services.demo.importing import CannotImport, Reject, RejectsFile

BAD = Reject("patients.csv", 7, "Id is missing")


def write(path, *rejects):
    with RejectsFile(path).replacing() as listed:
        listed.extend(iter(rejects))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rejects.csv"


def test_a_reject_is_listed_with_file_line_and_reason_for_its_owner_only(path):
    write(path, BAD)

    assert path.read_text().splitlines() == [
        "file,line,reason",
        "patients.csv,7,Id is missing",
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_run_without_rejects_takes_the_old_list_away(path):
    write(path, BAD)

    write(path)

    assert list(path.parent.iterdir()) == []


def test_a_failed_run_leaves_the_old_list(path):
    write(path, BAD)

    def interrupted():
        yield BAD
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), RejectsFile(path).replacing() as listed:
        listed.extend(interrupted())

    assert path.read_text().count("patients.csv") == 1
    assert list(path.parent.iterdir()) == [path]


def test_a_second_attempt_starts_an_empty_list(path):
    with RejectsFile(path).replacing() as listed:
        listed.extend(iter([BAD]))
        listed.restart()
        listed.extend(iter([BAD]))

    assert path.read_text().count("patients.csv") == 1


def test_another_kind_of_file_is_never_overwritten(path):
    path.write_text("Id,BIRTHDATE\n1,1980-05-17\n")

    with pytest.raises(CannotImport, match="is no list of rejects"):
        write(path, BAD)

    assert path.read_text() == "Id,BIRTHDATE\n1,1980-05-17\n"


def test_a_place_that_cannot_be_written_is_named_at_once(tmp_path):
    with pytest.raises(CannotImport, match="cannot be written"):
        write(tmp_path / "nowhere" / "rejects.csv", BAD)
