"""What a data folder remembers of sites, and the file with which one joins."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from db.embedded import CannotStart, DataFolder
from db.embedded.servers import membership
from db.embedded.sites import files_member, standby_site
from db.embedded.sites.invitation import (
    MainSite,
    SiteInvitation,
    require_site_name,
)

MAIN = MainSite(
    ("10.0.0.1:5432", "10.0.0.2:5433"), ("http://10.0.0.1:8008",), "10.0.0.1:27017"
)
INVITATION = SiteInvitation("north", MAIN, "sealed")


def test_a_clinic_follows_nobody(folder: DataFolder):
    assert standby_site.remembered(folder) is None
    assert standby_site.invited(folder) == {}


def test_a_site_follows_all_servers_of_the_other_until_it_is_promoted(
    folder: DataFolder,
):
    standby_site.join(folder, INVITATION)

    site = standby_site.remembered(folder)
    assert site is not None
    assert site.is_following
    assert site.standby_cluster == {
        "host": "10.0.0.1,10.0.0.2",
        "port": "5432,5433",
        "primary_slot_name": "site_north",
        "create_replica_methods": ["basebackup"],
    }
    standby_site.note_promoted(folder)
    site = standby_site.remembered(folder)
    assert site is not None
    assert not site.is_following


def test_of_when_a_site_was_is_known_to_whoever_promotes_it_once_more(
    folder: DataFolder,
):
    standby_site.join(folder, INVITATION)
    rows_at = datetime(2026, 11, 27, 12, tzinfo=UTC)

    standby_site.note_begun(folder, rows_at, None)

    site = standby_site.remembered(folder)
    assert site is not None
    assert (site.rows_at, site.files_at) == (rows_at.isoformat(), None)
    assert site.is_following


@pytest.mark.parametrize(
    ("hello", "is_following"),
    [
        ({"secondary": True}, True),
        # As an interrupted promotion leaves it.
        ({"isWritablePrimary": True, "secondary": False}, True),
        ({"secondary": False}, False),
        ({}, False),
    ],
)
def test_a_member_that_is_copied_or_too_far_behind_follows_nobody(hello, is_following):
    class Member:
        def hello(self):
            return hello

    assert files_member.is_following(Member()) is is_following


def test_no_server_of_a_site_has_a_name_that_the_main_site_may_give(folder: DataFolder):
    standby_site.join(folder, INVITATION)

    # By these names PostgreSQL decides for which servers a commit waits.
    there = membership.remembered(folder).joined_by(None).names
    assert there == tuple(f"db-north-{number:02}" for number in range(1, 5))


def test_who_was_invited_is_remembered_until_forgotten(folder: DataFolder):
    standby_site.note_invited(folder, "north")
    standby_site.note_invited(folder, "south")

    standby_site.note_forgotten(folder, "north")

    assert list(standby_site.invited(folder)) == ["south"]


def test_an_invitation_is_read_as_it_was_written(tmp_path: Path):
    file = tmp_path / "north.invitation"
    file.write_text(INVITATION.packed())

    assert SiteInvitation.read(file) == INVITATION


def test_another_file_is_refused_and_not_quoted(tmp_path: Path):
    file = tmp_path / "letter.txt"
    file.write_text('{"site": "Lovelace, Ada"}')

    with pytest.raises(CannotStart, match="is not a site's invitation") as refusal:
        SiteInvitation.read(file)

    assert "Lovelace" not in str(refusal.value)
    with pytest.raises(CannotStart, match="cannot be read"):
        SiteInvitation.read(tmp_path / "none")


@pytest.mark.parametrize("name", ["", "North", "a-b", "9th", "x" * 17, "site_x"])
def test_a_name_that_is_no_part_of_a_slots_name_is_refused(name: str):
    with pytest.raises(CannotStart, match="small letters and digits"):
        require_site_name(name)
