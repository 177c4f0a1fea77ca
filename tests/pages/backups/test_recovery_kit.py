"""The recovery kit on screen: never made, made, old, refused."""

import pytest

from dashboard import wiring
from db.backups.recovery_kit import RecoveryKit
from services.backups import kits
from services.core.actors import Role
from tests.kit import backup_sets
from tests.kit.recovery_kits import PASSPHRASE
from tests.pages.backups.conftest import said


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
    # Nothing of the passphrase stays in the tab.
    assert PASSPHRASE not in [field.value for field in app.text_input]
    assert PASSPHRASE not in str(app.session_state)
    assert "has all keys" in said(opened())

    wiring.file_keys(clinic.wiring.settings).add()
    assert "The recovery kit is old: keys have changed" in said(opened())


def test_what_is_refused_is_said_at_its_field_and_stays_typed(opened, clinic):
    before = len(clinic.audit("backup:make-kit"))
    app = opened()

    assert "must have 15 characters or more" in make(app, "short", "short")
    assert "The passphrases are not the same" in make(app, repeated="other words")
    fields = {field.label: field.value for field in app.text_input}
    assert fields["Passphrase"] == PASSPHRASE
    assert len(clinic.audit("backup:make-kit")) == before


def test_a_passkey_is_asked_for_before_there_is_a_passphrase_to_type(opened, clinic):
    app = opened(method="code")

    assert "Making a recovery kit needs a passkey" in said(app)
    assert "Passphrase" not in {field.label for field in app.text_input}
    assert not app.get("download_button")
