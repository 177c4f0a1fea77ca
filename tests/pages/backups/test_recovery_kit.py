"""The recovery kit on screen: never made, made, old, refused."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, update

from dashboard import wiring
from dashboard.ui.language import GERMAN, using_language
from dashboard.ui.language.backup_failures import translate_failure
from db.backups.recovery_kit import RecoveryKit, read_note, write_note
from db.files.file_keys import FileKeys
from db.models.user import UserSession
from services.backups import kits
from services.core import throttling
from services.core.actors import Role
from services.core.sentences import Sentence
from tests.kit import backup_sets
from tests.kit.recovery_kits import PASSPHRASE, sealed_quickly
from tests.pages.backups.conftest import said
from tests.pages.conftest import problem_places


@pytest.fixture
def opened(at_desk, repository):
    """Open the page of a clinic that has a backup."""
    backup_sets.add_set(repository)

    def open_page(**how):
        return at_desk("backups", Role.ADMIN, **how)

    return open_page


def make(app, passphrase=PASSPHRASE, repeated=PASSPHRASE):
    fields = {field.label: field for field in app.text_input}
    fields["Passphrase"].set_value(passphrase)
    fields["Repeat the passphrase"].set_value(repeated)
    app.button(key="kit_make").click().run()
    return said(app)


def test_before_the_first_backup_it_is_not_offered(at_desk, repository):
    app = at_desk("backups", Role.ADMIN)

    assert "Recovery kit" not in [part.value for part in app.subheader]


def test_one_is_made_taken_and_old_once_a_key_is_another(opened, repository, clinic):
    app = opened()
    assert "No recovery kit has been made yet: if this machine is lost" in said(app)

    make(app)

    (message,) = [part.value for part in app.success]
    assert message.startswith("The recovery kit is made. Print it")
    (button,) = app.get("download_button")
    assert button.label == "Download the recovery kit (PDF)"
    paper = app.session_state["kit_paper"]
    kit = RecoveryKit.opened(kits.read_paper(paper), PASSPHRASE)
    assert kit.system_id == backup_sets.SYSTEM_ID
    assert {"secrets/file.keys", "secrets/signing.pem"} <= kit.files.keys()
    assert clinic.audit("backup:make-kit")[-1].actor_id == clinic.cast[Role.ADMIN].id
    # No part of the passphrase stays in the tab.
    assert PASSPHRASE not in [field.value for field in app.text_input]
    assert PASSPHRASE not in str(app.session_state)
    assert "has all keys" in said(opened())

    FileKeys.of(clinic.wiring.settings).add()
    assert "The recovery kit is out of date: keys have changed" in said(opened())


def test_what_is_refused_is_said_at_its_field_and_stays_typed(opened, clinic):
    before = len(clinic.audit("backup:make-kit"))
    app = opened()

    assert "must have 15 characters or more" in make(app, "short", "short")
    assert "The passphrases are not the same" in make(app, repeated="other words")
    fields = {field.label: field.value for field in app.text_input}
    assert fields["Passphrase"] == PASSPHRASE
    assert len(clinic.audit("backup:make-kit")) == before


def test_no_kit_is_made_with_another_key_in_place_of_a_lost_one(opened, clinic):
    """People destroy the old kit once they have a new one: it may have the last key."""
    settings = clinic.wiring.settings
    wiring.make_missing_keys(settings)
    path = wiring.seal_keys(settings).path
    kept = path.rename(path.with_name("kept"))
    try:
        app = opened()
        words = make(app)
    finally:
        assert not path.exists()
        kept.rename(path)

    assert "audit.key, although there was one: put it back from your copy" in words
    assert not app.get("download_button")


def test_a_passkey_is_asked_for_before_there_is_a_passphrase_to_type(opened, clinic):
    app = opened(method="code")

    assert "Making or proving a recovery kit needs a passkey" in said(app)
    assert "Passphrase" not in {field.label for field in app.text_input}
    assert not app.get("download_button")


def test_a_passkey_that_grows_too_old_takes_no_passphrase_from_the_form(opened, kept):
    app = opened()
    kept.execute(
        update(UserSession)
        .where(UserSession.id == UUID(app.user["sid"]))
        .values(confirmed_at=func.now() - timedelta(minutes=6))
    )
    kept.commit()

    words = make(app)

    assert "from the last 5 minutes" in words
    assert app.button(key="confirming_leave")
    typed = {field.label: field.value for field in app.text_input}
    assert typed["Passphrase"] == typed["Repeat the passphrase"] == PASSPHRASE


@pytest.fixture
def sealed(repository, clinic):
    """The text of a kit that opens the clinic's newest backup."""
    boss, settings = clinic.cast[Role.ADMIN], clinic.wiring.settings
    clinic.wiring.throttle.reset(throttling.KIT_TRIES, str(boss.id))
    wiring.make_missing_keys(settings)
    backup_sets.add_sealed_set(repository, FileKeys.of(settings))
    kit = RecoveryKit(
        backup_sets.SYSTEM_ID, backup_sets.AS_OF, wiring.key_files(settings).read()
    )
    kits.note_kit(repository, kit)
    return sealed_quickly(kit)


def prove(app, text, passphrase=PASSPHRASE):
    (kit,) = app.text_area
    kit.set_value(text)
    (field,) = [f for f in app.text_input if f.label == "Passphrase of the kit"]
    field.set_value(passphrase)
    app.button(key="kit_prove").click().run()
    return said(app)


def test_one_is_shown_to_open_and_the_page_says_when(at_desk, sealed, clinic):
    app = at_desk("backups", Role.ADMIN)
    assert "has all keys. Nobody has shown yet that it opens." in said(app)

    prove(app, sealed)

    assert "has all keys. It was last shown to open on" in said(app)
    # Nothing that was typed stays in the tab.
    assert PASSPHRASE not in str(app.session_state)
    assert [field.value for field in app.text_area] == [""]
    event = clinic.audit("backup:prove-kit")[-1]
    assert (event.outcome, event.actor_id) == ("done", clinic.cast[Role.ADMIN].id)


def test_a_wrong_passphrase_is_told_in_a_sentence_and_nothing_is_lost(
    at_desk, sealed, clinic, repository
):
    app = at_desk("backups", Role.ADMIN)

    words = prove(app, sealed, "another one that is long enough")

    assert "The passphrase does not open this recovery kit. Each of its lines" in words
    assert problem_places(app) == ["kit_proof_text"]
    assert [field.value for field in app.text_area] == [sealed]
    assert "Nobody has shown yet that it opens." in words
    assert clinic.audit("backup:prove-kit")[-1].outcome == "failed"
    prove(app, sealed)
    assert "It was last shown to open on" in said(app)


def test_passphrases_are_not_tried_without_an_end(at_desk, sealed, clinic):
    app = at_desk("backups", Role.ADMIN)
    for _ in range(throttling.KIT_TRIES.amount):
        clinic.wiring.throttle.take(
            throttling.KIT_TRIES, str(clinic.cast[Role.ADMIN].id)
        )

    words = prove(app, sealed)

    assert "Too many attempts. Try again in" in words
    assert "Nobody has shown yet that it opens." in words


def test_once_a_quarter_the_page_asks_for_it(at_desk, sealed, repository):
    note = read_note(repository.folder)
    long_ago = replace(note, made_at=note.made_at - kits.PROVEN_EVERY)
    write_note(repository.folder, long_ago)

    words = said(at_desk("backups", Role.ADMIN))

    assert "That is due once a quarter: fetch the kit's pages" in words


def test_a_refusal_is_told_in_german(sealed):
    with using_language(GERMAN):
        sentence = translate_failure(
            kits.KitNotProven(
                Sentence(
                    "The recovery kit opens, but the newest backup does not open with "
                    "it. {why}",
                    why="base of backup b1 was changed.",
                )
            ).args[0]
        )

    assert sentence == (
        "Die Notfallmappe öffnet sich, aber die neueste Sicherung öffnet sich mit ihr "
        "nicht. base der Sicherung b1 wurde geändert."
    )
