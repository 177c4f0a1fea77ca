"""The refusals of `restore --from --kit`: one sentence each, and nothing is changed."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from dashboard.cli.recovery.copies import keys_of
from db.backups.recovery_kit import FILE_KEYS
from db.backups.repository import Repository
from db.files.file_keys import FileKeys
from jobs.backups.copying.uploading import RepositoryCopy
from tests.kit import backup_sets, object_stores
from tests.kit.recovery_kits import KIT, sealed_quickly

_OWN = ("DATABASE_URL", "OWNER_URL", "MONGO_URL", "AUDIT_MONGO_URL", "REPLICA_URLS")
NOBODYS = {f"CHARTROOM_{name}": "" for name in (*_OWN, "PATRONI_URLS")}


@pytest.fixture
def restore(run, tmp_path):
    return partial(run, "restore", "--data", tmp_path / "new", **NOBODYS)


@pytest.fixture
def kit(tmp_path):
    path = tmp_path / "kit.txt"
    path.write_text(sealed_quickly(KIT))
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

    assert said.startswith("A clinic can only be restored onto servers that")


def test_a_folder_that_is_not_empty_is_not_touched(restore, kit, tmp_path):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "letter.txt").touch()

    assert "is not empty" in refusal(restore("--from", tmp_path, "--kit", kit))


def test_a_kit_that_is_not_there_is_named(restore, tmp_path):
    said = refusal(restore("--from", tmp_path, "--kit", tmp_path / "kit.pdf"))

    assert "kit.pdf cannot be read (no such file or directory)" in said


def test_a_wrong_passphrase_is_told(restore, kit, tmp_path):
    # Nothing is typed, which is not a passphrase either.
    said = refusal(restore("--from", tmp_path, "--kit", kit))

    assert said.startswith("The passphrase does not open this recovery kit.")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("S3", "--from S3 needs CHARTROOM_BACKUP_S3_URL"),
        ("s3://AKIA:hidden@bucket", "write s3://BUCKET/PREFIX alone; credentials go"),
    ],
)
def test_a_copy_that_is_not_named_well_is_told_of(restore, source, words):
    said = refusal(restore("--look", "--from", source))

    assert words in said
    assert "hidden" not in said


def test_a_copy_is_fetched_and_looked_at_with_the_clinics_keys(restore, tmp_path):
    keys = FileKeys(tmp_path / "new" / FILE_KEYS, may_be_made=True)
    repository = Repository(tmp_path / "backups")
    made = backup_sets.add_sealed_set(repository, keys, files=(b"encrypted",))
    with object_stores.running() as server:
        copy = RepositoryCopy(
            repository, keys, server.store("of-us"), timedelta(days=35)
        )
        copy.round()
        store = {
            "CHARTROOM_BACKUP_S3_URL": f"s3://{object_stores.BUCKET}/of-us",
            "CHARTROOM_BACKUP_S3_ENDPOINT": server.url,
            "AWS_ACCESS_KEY_ID": object_stores.KEY_ID,
            "AWS_SECRET_ACCESS_KEY": object_stores.SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        finished = restore("--look", "--from", "S3", **store)

    fetched = Repository(tmp_path / "new.from-s3")
    assert fetched.newest() == made
    assert "Files                      1 objects" in finished.stdout
    # The made-up bytes are no base backup, and are not taken for one.
    assert (finished.returncode, finished.stderr.count("\n")) == (1, 1)
    assert object_stores.SECRET not in finished.stdout + finished.stderr


def test_going_back_from_a_copy_asks_for_all_it_needs_before_it_fetches(
    restore, tmp_path
):
    from_copy = partial(restore, "--go-back", "--from", "s3://nowhere/of-us")

    assert refusal(from_copy("--reason", "Lost")).startswith("Name the time to go back")
    time = ("--to", "2026-11-25T02:00:07Z")
    assert refusal(from_copy(*time)).startswith("Give the reason for going back")
    said = refusal(from_copy(*time, "--reason", "Lost"))
    assert said.startswith(f"The clinic's own backups are not in {tmp_path / 'new'}")
    assert "Fetch them with --look --from S3" in said
    assert not (tmp_path / "new.from-s3").exists()


def test_a_kit_opens_what_is_fetched_and_its_keys_do_not_stay(tmp_path):
    own = FileKeys(tmp_path / "file.keys", may_be_made=True)
    sealed = own.seal(b"note", "purpose")
    kit = replace(KIT, files={**KIT.files, FILE_KEYS: own.path.read_text()})

    with keys_of(kit) as keys:
        assert keys.unseal(sealed, "purpose") == b"note"
        assert keys.path.stat().st_mode & 0o077 == 0

    assert not keys.path.exists()
