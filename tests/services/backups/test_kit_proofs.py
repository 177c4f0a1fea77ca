"""A recovery kit is proven to open: which one counts, and why any other is refused."""

from dataclasses import replace
from datetime import timedelta

import pytest

from db.backups.recovery_kit import FILE_KEYS, KeyFiles, codes_of, read_note
from db.backups.repository import Repository
from db.files.file_keys import FileKeys
from services.backups import kits
from services.core.actors import CONSOLE, Role
from services.core.audit import Action
from services.core.errors import NotAllowed
from services.people.sign_in.confirmations import NotConfirmed
from tests.kit import backup_sets
from tests.kit.audit_events import events_of
from tests.kit.recovery_kits import PASSPHRASE, kit_with, sealed_quickly
from tests.services.people.people_samples import desk

NOW = backup_sets.AS_OF + timedelta(days=80)
PAGES = b"a manifest of pages"


@pytest.fixture
def keys(tmp_path):
    return FileKeys(tmp_path / "file.keys", may_be_made=True)


@pytest.fixture
def repository(tmp_path, keys):
    """A full backup, and an incremental one based on it."""
    made = Repository(tmp_path / "backups")
    base = backup_sets.add_sealed_set(made, keys, pages=PAGES)
    later = backup_sets.AS_OF + timedelta(hours=1)
    backup_sets.add_later_sets(made, keys, base, [later])
    return made


@pytest.fixture
def kit(keys):
    return kit_with(keys)


def prove(session, repository, keys, text, *, actor=CONSOLE, **given):
    words = {"passphrase": PASSPHRASE, "now": NOW, "session_id": None} | given
    key_files = KeyFiles({FILE_KEYS: keys.path})
    return kits.prove_kit(session, actor, repository, key_files, kit_text=text, **words)


def refusal(session, repository, keys, text, **given):
    with pytest.raises(kits.KitNotProven) as refused:
        prove(session, repository, keys, text, **given)
    (failed,) = refused.value.failed_events
    assert (failed["action"], failed["outcome"]) == ("backup:prove-kit", "failed")
    return str(refused.value)


def test_a_kit_that_opens_the_newest_backup_counts_from_then_on(
    session, repository, keys, kit
):
    boss = desk(session)
    note = prove(
        session,
        repository,
        keys,
        sealed_quickly(kit),
        actor=boss.actor,
        session_id=boss.session_id,
    )
    kits.note_proven(repository, note)

    kept = read_note(repository.folder)
    assert (kept.made_at, kept.proven_at) == (kit.made_at, NOW)
    (event,) = events_of(session, Action.BACKUP_PROVE_KIT)
    assert (event.actor_id, event.outcome, event.details) == (boss.actor.id, "done", {})


@pytest.mark.parametrize("days", [-40, 40], ids=["older", "newer"])
def test_an_older_paper_with_the_same_keys_does_not_become_the_last_one(
    session, repository, keys, kit, days
):
    kits.note_kit(repository, kit)
    other = replace(kit, made_at=kit.made_at + timedelta(days=days))

    note = prove(session, repository, keys, sealed_quickly(other))
    kits.note_proven(repository, note)

    kept = read_note(repository.folder)
    assert kept.made_at == max(kit.made_at, other.made_at)
    assert kept.proven_at == NOW


def test_a_paper_with_other_keys_than_the_last_one_counts_as_it_is(
    session, repository, keys, kit
):
    later = kit.made_at + timedelta(days=40)
    kits.note_kit(repository, replace(kit, made_at=later, files={}))

    note = prove(session, repository, keys, sealed_quickly(kit))
    kits.note_proven(repository, note)

    assert read_note(repository.folder).made_at == kit.made_at


def test_scanned_codes_are_enough_in_any_order(session, repository, keys, kit):
    codes = codes_of(sealed_quickly(kit))

    note = prove(session, repository, keys, "\n".join(reversed(codes)))

    assert note.proven_at == NOW


def test_nothing_that_was_typed_is_kept(session, repository, keys, kit):
    kits.note_proven(repository, prove(session, repository, keys, sealed_quickly(kit)))

    kept = (repository.folder / "kit.json").read_text()

    assert PASSPHRASE not in kept
    assert keys.path.read_text() not in kept
    written = [
        str(event.details) for event in events_of(session, Action.BACKUP_PROVE_KIT)
    ]
    assert written == ["{}"]


def test_a_wrong_passphrase_is_told_and_kept_as_tried(session, repository, keys, kit):
    sentence = refusal(
        session, repository, keys, sealed_quickly(kit), passphrase="other words"
    )

    assert sentence.startswith("The passphrase does not open this recovery kit.")
    assert read_note(repository.folder) is None


def test_a_mistyped_line_is_named(session, repository, keys, kit):
    text = sealed_quickly(kit)
    line = text.splitlines()[3]
    wrong = line[:-1] + ("A" if line[-1] != "A" else "B")

    sentence = refusal(session, repository, keys, text.replace(line, wrong))

    assert "not what was made, in line 2 (" in sentence


def test_a_kit_from_before_keys_were_exchanged_proves_nothing(
    session, repository, keys, kit
):
    keys.add()

    sentence = refusal(session, repository, keys, sealed_quickly(kit))

    assert "keys have changed since it was made: make another" in sentence


def test_another_clinics_kit_is_told_of(session, repository, keys, kit):
    other = replace(kit, system_id="7000000000000000009")

    sentence = refusal(session, repository, keys, sealed_quickly(other))

    assert "is of another clinic (PostgreSQL 7000000000000000009, this one" in sentence


def test_a_kit_whose_keys_do_not_open_the_newest_backup_is_told_of(
    session, repository, keys, tmp_path
):
    """The current keys, if the backups were sealed with others."""
    others = FileKeys(tmp_path / "others.keys", may_be_made=True)

    sentence = refusal(session, repository, others, sealed_quickly(kit_with(others)))

    assert sentence.startswith("The recovery kit opens, but the newest backup does not")
    assert "a key that the recovery kit does not have" in sentence


def test_a_base_that_does_not_open_is_found_and_named(session, repository, keys, kit):
    """An incremental backup is restored with its base, which must open as well."""
    base = repository.survey().sets[0]
    least = min(base.objects, key=lambda each: each.size)
    path = repository.set_folder(base.set_id) / least.name
    path.write_bytes(path.read_bytes()[::-1])

    sentence = refusal(session, repository, keys, sealed_quickly(kit))

    assert f"{least.name} of backup {base.set_id} does not open" in sentence


def test_a_backup_that_is_not_there_is_said(session, repository, keys, kit):
    newest = repository.survey().sets[-1]
    for each in newest.objects:
        (repository.set_folder(newest.set_id) / each.name).unlink()

    sentence = refusal(session, repository, keys, sealed_quickly(kit))

    assert "does not open with it. No such file or directory." in sentence


def test_keys_in_a_kit_that_are_none_are_told_of(session, repository, kit, tmp_path):
    other = FileKeys(tmp_path / "none.keys")
    other.path.write_text("no keyset")
    broken = replace(kit, files=kit.files | {FILE_KEYS: "no keyset"})

    sentence = refusal(session, repository, other, sealed_quickly(broken))

    assert "the recovery kit does not contain a keyset" in sentence


def test_without_a_backup_there_is_nothing_to_open(session, keys, kit, tmp_path):
    with pytest.raises(kits.NoBackupYet):
        prove(session, Repository(tmp_path / "none"), keys, sealed_quickly(kit))


def test_nobody_else_proves_one(session, repository, keys, kit):
    clerk, boss = desk(session, Role.STAFF), desk(session)
    text = sealed_quickly(kit)

    with pytest.raises(NotAllowed):
        prove(
            session,
            repository,
            keys,
            text,
            actor=clerk.actor,
            session_id=clerk.session_id,
        )
    with pytest.raises(NotConfirmed):
        prove(session, repository, keys, text, actor=boss.actor)
