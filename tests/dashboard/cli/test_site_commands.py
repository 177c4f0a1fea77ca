"""The commands for another site refuse in one sentence each, and change nothing."""

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest

from dashboard.cli.recovery import sites
from dashboard.cli.recovery.sites import in_words, require_reason, require_silent
from db.backups.recovery_kit import FILE_KEYS, RecoveryKit
from db.embedded import CannotStart, DataFolder
from db.embedded.sites import standby_site
from db.embedded.sites.invitation import MainSite, SiteInvitation
from db.embedded.sites.main_signs import MainSigns
from db.embedded.sites.newest_changes import NewestChanges
from db.embedded.sites.standby_site import StandbySite
from db.settings import Settings
from tests.dashboard.cli.test_restore_elsewhere import NOBODYS, refusal

NORTH = StandbySite("north", MainSite((), (), "127.0.0.1:1"))
PASSPHRASE = ("horse", "gravel", "lantern", "orbit", "thistle")
CUT_OFF = "Ada Boss pulled the network cable"
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.fixture
def site(run, tmp_path):
    return partial(run, **NOBODYS, CHARTROOM_DATA=str(tmp_path / "data"))


@pytest.mark.parametrize(
    ("signs", "words"),
    [
        (MainSigns(("PostgreSQL at a:1",), ()), "takes writes: PostgreSQL at a:1."),
        (MainSigns(("X",), ("Y",)), "The main site still takes writes: X."),
        (MainSigns((), ("Patroni at b",)), "still answers: Patroni at b."),
    ],
)
def test_a_main_site_that_answers_is_stopped_first(signs, words):
    with pytest.raises(CannotStart, match=words):
        require_silent(signs, "north", CUT_OFF)


@pytest.mark.parametrize("cut_off", ["", "gone"])
def test_silence_proves_nothing_until_somebody_says_who_cut_it_off(cut_off):
    with pytest.raises(CannotStart, match="Say who stopped it from writing, and how"):
        require_silent(MainSigns((), ()), "north", cut_off)

    require_silent(MainSigns((), ()), "north", CUT_OFF)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("", "Give the reason for promoting this site"),
        ("gone", "Give the reason"),
        ("x" * 501, "longer"),
    ],
)
def test_a_reason_is_asked_for(reason, words):
    with pytest.raises(CannotStart, match=words):
        require_reason(reason)


def test_what_would_be_lost_is_said_by_the_older_of_both_stores():
    rows_at, files_at = NOW - timedelta(seconds=4), NOW - timedelta(seconds=9)
    newest = NewestChanges(rows_at, files_at, None)

    rows, files, loss = in_words(newest, NOW)

    assert rows == "Rows: the newest change is from 2026-11-27 11:59:56 UTC, 4 s ago."
    assert "11:59:51 UTC, 9 s ago; the newest file is from an unknown time." in files
    assert loss.startswith(
        "All that the main site acknowledged until 2026-11-27 11:59:51 UTC is here"
    )


def test_where_one_store_is_silent_nothing_is_promised():
    *_, loss = in_words(NewestChanges(NOW, None, None), NOW)

    assert loss.startswith("It is not known how recent this site's data is")


def test_what_follows_nobody_is_not_promoted(site):
    said = refusal(site("promote-site", "--reason", "The other site has burnt"))

    assert "does not follow another site: there is nothing to promote" in said
    assert "name it with --data" in said


def test_sites_are_of_servers_that_chartroom_starts(run):
    said = refusal(run("promote-site"))

    assert said.startswith("Chartroom only joins sites whose servers it starts itself.")


def test_a_site_needs_a_name_that_slots_may_have(site):
    assert "small letters and digits" in refusal(site("invite-site", "North Side"))


def test_no_other_site_is_called_as_this_one_was(site, tmp_path):
    folder = DataFolder(tmp_path / "data")
    folder.prepare()
    standby_site.join(folder, SiteInvitation("north", NORTH.main, "sealed"))
    standby_site.note_promoted(folder)

    refused = refusal(site("invite-site", "north", "--out", tmp_path / "x"))

    assert "north is the name of this site" in refused


def test_a_folder_that_is_not_empty_does_not_join(site, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "letter.txt").touch()

    refused = refusal(site("join-site", tmp_path / "x.invitation"))

    assert "is not empty: name an empty one, or a new one, with --data" in refused
    # Nothing is restored here.
    assert "restored" not in refused


@pytest.fixture
def invitation(tmp_path) -> Path:
    """An invitation that nobody can open without the passphrase."""
    path = tmp_path / "north.invitation"
    kit = RecoveryKit("7", NOW, {FILE_KEYS: "keys"}).sealed(" ".join(PASSPHRASE))
    path.write_text(SiteInvitation("north", NORTH.main, kit).packed())
    return path


@pytest.mark.parametrize("is_there", [True, False])
def test_a_wrong_passphrase_leaves_the_folder_as_it_was(
    site, tmp_path, invitation, is_there
):
    data = tmp_path / "data"
    if is_there:
        data.mkdir()

    refused = refusal(site("join-site", invitation))

    assert "does not open this recovery kit" in refused
    assert data.exists() == is_there
    assert not is_there or not any(data.iterdir())


def test_a_folder_that_could_not_be_used_is_found_before_the_passphrase(
    site, tmp_path, invitation
):
    """Both are wrong, and the passphrase may be far away."""
    (tmp_path / "file").touch()

    refused = refusal(site("join-site", invitation, "--data", tmp_path / "file" / "x"))

    assert "passphrase" not in refused
    assert "--data" in refused


def test_a_join_that_fails_in_the_middle_can_be_repeated(
    tmp_path, invitation, monkeypatch
):
    """The disk may become full between the keys and the names of the servers."""
    monkeypatch.setattr(sites, "ask_passphrase", lambda _: " ".join(PASSPHRASE))
    settings = Settings(data=tmp_path / "data")

    def fail(*_: object) -> NoReturn:
        raise CannotStart("The disk is full.")

    with monkeypatch.context() as broken:
        broken.setattr(standby_site, "join", fail)
        with pytest.raises(CannotStart, match="is full"):
            sites.join(settings, invitation)

    assert sites.join(settings, invitation) == "north"
    assert standby_site.remembered(DataFolder(settings.data)) == NORTH


def test_nobody_is_asked_for_a_passphrase_where_no_clinic_runs(site, tmp_path):
    refused = refusal(site("invite-site", "north", "--out", tmp_path / "x"))

    assert refused.startswith("No cluster is running in")
