"""Recovery kits: who makes one, with which passphrase, and what the paper says."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pypdfium2
import pytest
import zxingcpp

from db.backups.backup_errors import CannotRestore
from db.backups.recovery_kit import KeyFiles, RecoveryKit, codes_of
from db.backups.repository import Repository
from services.backups import kits
from services.core.actors import CONSOLE, Role
from services.core.audit import Action
from services.core.errors import InvalidInput, NotAllowed
from services.documents.forms import Clinic
from services.people.sign_in.confirmations import NotConfirmed
from tests.kit import backup_sets
from tests.kit.audit_events import events_of
from tests.kit.recovery_kits import KIT, PASSPHRASE, key_files, sealed_quickly
from tests.services.people.people_samples import desk

# In a code's squares a reader sometimes sees the bars of a product code.
_QR = zxingcpp.BarcodeFormat.QRCode
CLINIC = Clinic("Praxis Łódź", "Street 1\nTown", "")


@pytest.fixture
def repository(tmp_path):
    made = Repository(tmp_path / "backups")
    backup_sets.add_set(made)
    return made


@pytest.fixture
def keys(tmp_path):
    return key_files(tmp_path)


@pytest.fixture(scope="module")
def sealed():
    return sealed_quickly(KIT)


@pytest.fixture(scope="module")
def paper(sealed):
    return kits.print_kit(KIT, sealed, clinic=CLINIC)


def make(session, actor, repository, keys, session_id=None, **words):
    words = {"passphrase": PASSPHRASE, "repeated": PASSPHRASE} | words
    return kits.make_kit(
        session,
        actor,
        repository,
        keys,
        now=backup_sets.AS_OF,
        session_id=session_id,
        **words,
    )


def test_an_administrator_with_a_passkey_makes_one_and_that_is_written_down(
    session, repository, keys
):
    boss = desk(session)

    kit = make(session, boss.actor, repository, keys, boss.session_id)

    assert kit == KIT
    (event,) = events_of(session, Action.BACKUP_MAKE_KIT)
    assert (event.actor_id, event.details) == (boss.actor.id, {})


def test_nobody_else_makes_one(session, repository, keys):
    clerk, boss = desk(session, Role.STAFF), desk(session)

    with pytest.raises(NotAllowed):
        make(session, clerk.actor, repository, keys, clerk.session_id)
    with pytest.raises(NotConfirmed):
        make(session, boss.actor, repository, keys)
    assert make(session, CONSOLE, repository, keys) == KIT


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"passphrase": "moth chair sev"}, "passphrase"),
        ({"passphrase": "abcabcabcabcabcabc"}, "passphrase"),
        ({"repeated": "grün chair seven rivers mouth"}, "repeated"),
    ],
)
def test_a_passphrase_that_is_guessed_or_mistyped_is_refused(
    session, repository, keys, words, field
):
    with pytest.raises(InvalidInput) as refusal:
        make(session, CONSOLE, repository, keys, **words)

    assert refusal.value.property_name == field
    assert not events_of(session, Action.BACKUP_MAKE_KIT)


def test_without_a_backup_there_is_nothing_to_open(session, keys, tmp_path):
    with pytest.raises(kits.NoBackupYet, match="There is no backup yet"):
        make(session, CONSOLE, Repository(tmp_path / "none"), keys)


def test_it_is_old_once_a_key_is_another(admin, repository, keys, tmp_path):
    now = backup_sets.AS_OF
    read = partial(kits.read_kit_state, admin, repository)
    assert read(keys, now) == kits.KitState(None, is_old=True)
    assert kits.find_kit_fault(repository, keys, now) == kits.KitFault(now)
    kits.note_kit(repository, KIT)
    assert read(keys, now).is_old is False
    assert kits.find_kit_fault(repository, keys, now) is None

    (tmp_path / "secrets" / "file.keys").write_text("one more")

    state = read(keys, now)
    assert (state.made_at, state.is_old) == (KIT.made_at, True)
    fault = kits.find_kit_fault(repository, keys, now)
    assert fault.since >= KIT.made_at
    assert not fault.is_unproven
    # A key given in a variable counts as one in a file.
    given = KeyFiles({}, {"secrets/signing.key": "another"})
    assert read(given, now).is_old


def test_it_is_asked_for_a_quarter_after_it_was_made_or_last_opened(
    admin, repository, keys
):
    second = timedelta(seconds=1)
    made = KIT.note
    kits.note_kit(repository, KIT)
    due = made.made_at + kits.PROVEN_EVERY

    assert kits.find_kit_fault(repository, keys, due - second) is None
    fault = kits.find_kit_fault(repository, keys, due + second)
    assert fault == kits.KitFault(due, is_unproven=True)
    assert kits.read_kit_state(admin, repository, keys, due).is_due

    kits.note_proven(repository, replace(made, proven_at=due))

    assert kits.find_kit_fault(repository, keys, due + second) is None
    state = kits.read_kit_state(admin, repository, keys, due)
    assert (state.proven_at, state.is_due) == (due, False)
    # A new kit has not been proven since it was made.
    kits.note_kit(repository, KIT)
    assert kits.read_kit_state(admin, repository, keys, due).proven_at is None


def test_what_the_folder_notes_of_a_kit_opens_nothing(repository, keys):
    kits.note_kit(repository, KIT)

    noted = (repository.folder / "kit.json").read_text()

    assert not [content for content in KIT.files.values() if content in noted]


def test_its_codes_are_read_from_the_paper(paper, sealed):
    scanned = []
    with pypdfium2.PdfDocument(paper) as document:
        for page in document:
            image = page.render(scale=2).to_pil()
            scanned += [code.text for code in zxingcpp.read_barcodes(image, _QR)]

    assert sorted(scanned) == sorted(codes_of(sealed))
    assert RecoveryKit.opened("\n".join(scanned), PASSPHRASE) == KIT


def test_the_pdf_itself_is_read_as_well_and_so_is_a_text(paper, sealed):
    assert RecoveryKit.opened(kits.read_paper(paper), PASSPHRASE) == KIT
    assert kits.read_paper(sealed.encode()) == sealed
    with pytest.raises(CannotRestore, match="PDF cannot be read: it is damaged"):
        kits.read_paper(paper[:200])


def test_the_paper_has_no_passphrase_and_no_key(paper):
    text = kits.read_paper(paper)

    assert "Praxis Łódź" in text
    assert PASSPHRASE not in text
    assert not [content for content in KIT.files.values() if content in text]
