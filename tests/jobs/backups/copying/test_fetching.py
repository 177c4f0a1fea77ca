"""What a time needs is fetched from the copy unchanged, or what is missing is named."""

from dataclasses import replace
from datetime import timedelta

import pytest

from db.backups.backup_errors import CannotRestore, SetBroken
from db.backups.copies.local_objects import POSITION
from db.backups.log.archive import LogArchive
from db.backups.repository import Repository
from db.backups.sealing import require_objects
from db.files.file_keys import FileKeys
from jobs.backups.copying.fetching import RepositoryFetch
from jobs.backups.copying.uploading import RepositoryCopy
from jobs.backups.routes import route_to
from tests.kit import backup_sets, object_stores

KEPT = timedelta(days=35)
SET = f"sets/{backup_sets.MANIFEST.set_id}"
SEGMENT = "log/000000010000000000000002.0000000-1000000.20261125T020107000000Z"
PIECES = "log/000000010000000000000003.0000000-0002328.pieces"
AFTER = backup_sets.AS_OF + timedelta(minutes=2, seconds=30)


@pytest.fixture
def copied(repository, keys, server, prefix):
    """A repository that was copied."""
    RepositoryCopy(repository, keys, server.store(prefix), KEPT).round()
    return repository


@pytest.fixture
def fetch(server, prefix, keys, tmp_path):
    """Fetches the copy into an empty folder, without waiting between tries."""
    return RepositoryFetch(
        server.store(prefix), Repository(tmp_path / "fetched"), keys, first_pause=0.0
    )


def contents(folder):
    own = {"lock", "readers", "copy.json", "copy.lock", "fetched.json"}
    own.add("known-sets.json")
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in own
    }


def key(fetch, name):
    return f"{fetch.store.address.prefix}/{name}"


def files(copied):
    return [f"files/{p.parent.name}/{p.name}" for p in sorted(copied.stored_files())]


def test_what_is_fetched_is_the_repository(copied, fetch, keys):
    fetch.fetch(AFTER)

    assert contents(fetch.repository.folder) == contents(copied.folder)
    archive = LogArchive(fetch.repository.folder, backup_sets.SYSTEM_ID, keys)
    route = route_to(fetch.repository, archive, AFTER)
    assert len(route.pieces) == 3


def test_an_older_time_has_the_set_before_it_fetched_and_no_other(
    copied, fetch, keys, server, prefix
):
    later = backup_sets.AS_OF + timedelta(days=1)
    newer = backup_sets.add_sealed_set(
        copied, keys, set_id=f"{later:%Y%m%dT%H%M%SZ}-0002", as_of=later
    )
    RepositoryCopy(copied, keys, server.store(prefix), KEPT).round()

    fetch.fetch(AFTER)
    assert [each.set_id for each in fetch.repository.survey().sets] == [SET[5:]]
    fetch.fetch(None)
    assert fetch.repository.newest().set_id == newer.set_id
    with pytest.raises(CannotRestore, match="There is no backup in"):
        fetch.fetch(backup_sets.AS_OF - timedelta(days=1))


@pytest.fixture
def chain(copied, keys, server, prefix):
    """The set that was copied, and an incremental one after it."""
    base = copied.newest()
    at = backup_sets.AS_OF + timedelta(days=1)
    backup_sets.add_sealed_set(
        copied,
        keys,
        set_id=f"{at:%Y%m%dT%H%M%SZ}-0002",
        as_of=at,
        began_at=at,
        based_on=backup_sets.based_on(base),
    )
    RepositoryCopy(copied, keys, server.store(prefix), KEPT).round()
    return base, copied.newest()


def test_an_incremental_one_comes_with_what_it_is_based_on(chain, fetch):
    fetch.fetch(None)

    assert fetch.repository.newest() == chain[1]
    survey = fetch.repository.survey()
    assert survey.chain_of(chain[1]) == chain
    for each in chain:
        require_objects(fetch.repository.set_folder(each.set_id), each)


def test_a_base_that_is_missing_or_changed_there_is_named(chain, fetch, server, prefix):
    base, later = chain
    server.flip(key(fetch, f"{SET}/base"))
    with pytest.raises(SetBroken, match=f"base of backup {base.set_id} was changed in"):
        fetch.fetch(None)
    assert fetch.repository.survey().newest is None

    server.delete(f"{prefix}/{SET}/manifest.json")
    words = f"Backup {later.set_id} has only what changed since backup {base.set_id}"
    with pytest.raises(SetBroken, match=f"^{words}, which is missing in s3://"):
        replace(fetch, _sizes={}).fetch(None)
    assert fetch.repository.survey().newest is None


def test_a_fetch_that_is_killed_leaves_no_base_to_be_taken_for_what_was_asked_for(
    chain, fetch, monkeypatch
):
    writing = RepositoryFetch._write

    def die_at_the_base(fetch, name, content):
        if name == f"{SET}/manifest.json":
            raise KeyboardInterrupt
        writing(fetch, name, content)

    with monkeypatch.context() as patch:
        patch.setattr(RepositoryFetch, "_write", die_at_the_base)
        with pytest.raises(KeyboardInterrupt):
            fetch.fetch(None)

    with pytest.raises(SetBroken, match="has only what changed since"):
        fetch.repository.newest()
    fetch.fetch(None)
    assert fetch.repository.newest() == chain[1]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (f"{SET}/base", "base of backup .* was changed in s3://"),
        (f"{SET}/manifest.json", "manifest.json of the copy does not open"),
        (SEGMENT, "segment 000000010000000000000002 does not open"),
        (PIECES, "segment 000000010000000000000003 does not open"),
        (POSITION, "position.json of the copy does not open"),
        ("files", "File documents/.* was changed in s3://"),
    ],
)
def test_one_flipped_bit_in_any_object_is_found_and_named(
    copied, fetch, server, name, words
):
    name = files(copied)[0] if name == "files" else name
    # In pieces, a byte of a piece itself, not of what surrounds it.
    server.flip(key(fetch, name), 800 if name == PIECES else None)

    with pytest.raises(SetBroken, match=words):
        fetch.fetch(AFTER)

    assert fetch.repository.survey().newest is None


@pytest.mark.parametrize("name", [f"{SET}/base", "files"])
def test_an_object_that_is_missing_is_named(copied, fetch, server, prefix, name):
    name = files(copied)[0] if name == "files" else name
    server.delete(f"{prefix}/{name}")

    with pytest.raises(SetBroken, match=f"{name} is missing in s3://"):
        fetch.fetch(AFTER)

    assert fetch.repository.survey().newest is None


def test_log_that_is_missing_is_named_and_no_other_time_is_gone_to(
    copied, fetch, server, prefix, keys
):
    server.delete(f"{prefix}/{SEGMENT}")
    fetch.fetch(AFTER)

    archive = LogArchive(fetch.repository.folder, backup_sets.SYSTEM_ID, keys)
    with pytest.raises(SetBroken, match=r"segment 0+10+2 is missing"):
        route_to(fetch.repository, archive, AFTER)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ((f"{SET}/base", f"{SET}/audit"), "is the set's audit in s3://.*were swapped"),
        ((), "has the bytes of another file in s3://.*were swapped"),
        ((SEGMENT, POSITION), "segment 0+10+2 does not open"),
        ((POSITION, f"{SET}/manifest.json"), "does not open"),
    ],
)
def test_two_objects_that_were_swapped_are_named(copied, fetch, server, names, words):
    first, second = names or files(copied)
    server.swap(key(fetch, first), key(fetch, second))

    with pytest.raises(SetBroken, match=words):
        fetch.fetch(AFTER)


def test_a_fetch_that_was_cut_off_goes_on_where_it_was(copied, fetch, server, prefix):
    with object_stores.wired(server) as wire:
        cut = replace(fetch, store=server.store(prefix, endpoint=wire.url))
        wire.most_bytes = 6000
        with pytest.raises(CannotRestore, match="the same command goes on from there"):
            cut.fetch(AFTER)
        kept = fetch.repository.folder / SET / "base"
        assert fetch.repository.survey().newest is None
        before = kept.stat().st_ino

        wire.most_bytes = None
        cut.fetch(AFTER)

    assert kept.stat().st_ino == before
    assert contents(fetch.repository.folder) == contents(copied.folder)


def test_what_a_power_cut_left_short_is_fetched_once_more(copied, fetch):
    fetch.fetch(AFTER)
    for name in (f"{SET}/base", SEGMENT, files(copied)[0]):
        (fetch.repository.folder / name).write_bytes(b"")

    fetch.fetch(AFTER)

    assert contents(fetch.repository.folder) == contents(copied.folder)


def test_a_folder_with_anything_else_in_it_is_not_fetched_into(copied, fetch, tmp_path):
    fetch.repository.folder.mkdir()
    (fetch.repository.folder / "letter.txt").write_text("mine")
    for folder in (fetch.repository, copied):
        with pytest.raises(CannotRestore, match="name another folder with --into"):
            replace(fetch, repository=folder).fetch(AFTER)

    assert [p.name for p in fetch.repository.folder.iterdir()] == ["letter.txt"]


def test_where_there_is_nothing_or_another_clinic_that_is_said(
    copied, fetch, server, tmp_path
):
    with pytest.raises(CannotRestore, match="There are no backups of Chartroom in"):
        replace(fetch, store=server.store("nobody")).fetch(None)
    with pytest.raises(CannotRestore, match="are of another clinic"):
        fetch.fetch(None, system_id="7000000000000000002")

    assert not fetch.repository.folder.exists()


def test_with_other_keys_nothing_opens_and_the_kit_is_asked_for(
    copied, fetch, tmp_path
):
    other = FileKeys(tmp_path / "other.keys", may_be_made=True)

    with pytest.raises(SetBroken, match="take the newest recovery kit"):
        replace(fetch, keys=other).fetch(None)
