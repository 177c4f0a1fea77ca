"""How MongoDB's replica set is observed: members, lag, space, and the oplog's reach."""

from dataclasses import replace

import pytest
from pymongo import MongoClient

from db.files.gridfs import Bucket, FileStore
from db.mongo.replica_set import (
    STATUS_ROLE,
    FilesMember,
    FilesState,
    ensure_status_role,
)


def test_the_only_member_leads_and_is_not_behind(files):
    state = files.state()

    (member,) = state.members
    assert (member.role, member.lag_seconds) == ("primary", 0.0)
    assert state.primary == member


def test_files_are_counted_with_what_they_take(files):
    before = files.state()

    for _ in range(3):
        files.put(Bucket.DOCUMENTS, b"x" * 400_000, content_type="text/plain")

    after = files.state()
    assert after.files - before.files == 3
    assert after.disk_bytes > after.disk_free_bytes > 0


def test_who_may_be_told_what_was_seen_a_moment_ago_asks_nobody(files):
    files.put(Bucket.DOCUMENTS, b"x", content_type="text/plain")
    seen = files.state()
    files.put(Bucket.DOCUMENTS, b"y", content_type="text/plain")

    assert files.state(max_age_seconds=60) is seen
    assert (
        files.state().files == files.state(max_age_seconds=60).files == seen.files + 1
    )


def test_the_log_reaches_back_for_a_while(files):
    state = files.state()

    assert state.log_seconds is not None
    assert state.log_seconds >= 0


def test_a_login_that_may_not_be_told_is_told_all_else(addresses, file_keys):
    url = addresses.mongo.admin_url
    with MongoClient(url) as admin:
        admin.admin.command("createUser", "poor", pwd="poor", roles=["readWrite"])
        try:
            store = FileStore(_as("poor", url), "admin", keys=file_keys)
            state = store.state()
            ensure_status_role(admin, "poor")
            ensure_status_role(admin, "poor")
            whole_state = store.state()
            store.close()
        finally:
            admin.admin.command("dropUser", "poor")

    assert state.log_seconds is None
    assert state.primary is not None
    assert whole_state.log_seconds is not None


def test_the_role_opens_no_data(addresses):
    with MongoClient(addresses.mongo.admin_url) as admin:
        (role,) = admin.admin.command("rolesInfo", STATUS_ROLE, showPrivileges=True)[
            "roles"
        ]

    assert role["inheritedPrivileges"] == [
        {"resource": {"cluster": True}, "actions": ["replSetGetStatus", "serverStatus"]}
    ]


@pytest.mark.parametrize("role", ["secondary", "other", "silent"])
def test_without_a_primary_nobody_leads(role):
    state = FilesState((FilesMember("one:1", role),), 0, 0)

    assert state.primary is None
    assert replace(state, members=()).primary is None


def _as(user, url):
    """Return the address with another login."""
    _, _, place = url.partition("@")
    return f"mongodb://{user}:{user}@{place}"
