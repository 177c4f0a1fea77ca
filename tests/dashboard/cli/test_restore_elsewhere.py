"""`restore --from --kit`, where it refuses: in one sentence, and nothing is touched."""

from functools import partial

import pytest

from tests.kit.recovery_kits import KIT, PASSPHRASE

_OWN = ("DATABASE_URL", "OWNER_URL", "MONGO_URL", "AUDIT_MONGO_URL", "REPLICA_URLS")
NOBODYS = {f"CHARTROOM_{name}": "" for name in (*_OWN, "PATRONI_URLS")}


@pytest.fixture
def restore(run, tmp_path):
    return partial(run, "restore", "--data", tmp_path / "new", **NOBODYS)


@pytest.fixture
def kit(tmp_path):
    path = tmp_path / "kit.txt"
    path.write_text(KIT.sealed(PASSPHRASE))
    return path


def refusal(finished):
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr.count("\n") == 1
    return finished.stderr


def test_folder_and_kit_go_together(restore, tmp_path):
    assert refusal(restore("--from", tmp_path)).startswith("--from and --kit go togeth")
    assert not (tmp_path / "new").exists()


def test_one_way_to_restore_at_a_time(restore, tmp_path):
    said = refusal(restore("--look", "--from", tmp_path, "--kit", tmp_path / "kit.pdf"))

    assert "leave --look, --go-back and --servers-lost out" in said


def test_servers_of_ones_own_are_not_restored(run, tmp_path):
    said = refusal(run("restore", "--from", tmp_path, "--kit", tmp_path / "kit.pdf"))

    assert said.startswith("A clinic is restored onto servers that Chartroom starts")


def test_a_folder_that_is_not_empty_is_not_touched(restore, kit, tmp_path):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "letter.txt").touch()

    assert "is not empty" in refusal(restore("--from", tmp_path, "--kit", kit))


def test_a_kit_that_is_not_there_is_named(restore, tmp_path):
    said = refusal(restore("--from", tmp_path, "--kit", tmp_path / "kit.pdf"))

    assert "kit.pdf cannot be read (no such file or directory)" in said


def test_a_wrong_passphrase_is_told(restore, kit, tmp_path):
    # Nothing is typed: that is no passphrase either.
    said = refusal(restore("--from", tmp_path, "--kit", kit))

    assert said.startswith("The passphrase does not open this recovery kit.")
    assert not (tmp_path / "new").exists()
