"""How much uploaders may hold at once: those of one sign-in, and all together."""

from uuid import UUID

import pytest

from dashboard.web.uploads.upload_quota import (
    ServerFull,
    SignInFull,
    UploadId,
    UploadLimits,
    UploadQuota,
    UploadRefused,
)

MB = 1 << 20
ROSA, MAYA, INES = (UUID(int=n) for n in range(3))


@pytest.fixture
def stored():
    return {}


@pytest.fixture
def quota(stored):
    return UploadQuota(UploadLimits.of_megabytes(3, 5), lambda: stored)


def file(name, page="page"):
    return UploadId(page, name)


def keep(quota, stored, upload, size, sign_in):
    quota.reserve(upload, size, sign_in)
    stored[upload] = size
    quota.release(upload)


def test_what_fits_to_the_last_byte_is_taken_and_no_byte_more(quota, stored):
    keep(quota, stored, file("a"), 3 * MB, ROSA)

    with pytest.raises(SignInFull, match="3 MB"):
        quota.reserve(file("b"), 1, ROSA)


def test_all_pages_of_a_sign_in_count_together(quota, stored):
    keep(quota, stored, file("a", "one"), 2 * MB, ROSA)

    with pytest.raises(SignInFull):
        quota.reserve(file("b", "another"), 2 * MB, ROSA)


def test_what_is_on_its_way_counts_like_what_is_there(quota):
    quota.reserve(file("a"), 2 * MB, ROSA)

    with pytest.raises(SignInFull):
        quota.reserve(file("b"), 2 * MB, ROSA)


def test_what_is_stored_and_not_yet_released_counts_once(quota, stored):
    quota.reserve(file("a"), 2 * MB, ROSA)
    stored[file("a")] = 2 * MB

    quota.reserve(file("b"), 1 * MB, ROSA)


def test_what_never_came_leaves_its_room(quota):
    quota.reserve(file("a"), 3 * MB, ROSA)
    quota.release(file("a"))

    quota.reserve(file("b"), 3 * MB, ROSA)


def test_what_was_let_go_of_leaves_its_room(quota, stored):
    keep(quota, stored, file("a"), 3 * MB, ROSA)
    del stored[file("a")]

    quota.reserve(file("b"), 3 * MB, ROSA)


def test_a_file_sent_anew_takes_the_place_of_the_one_before(quota, stored):
    keep(quota, stored, file("a"), 3 * MB, ROSA)

    quota.reserve(file("a"), 3 * MB, ROSA)


def test_one_file_is_not_taken_twice_at_once(quota):
    quota.reserve(file("a"), 1, ROSA)

    with pytest.raises(UploadRefused, match="being sent already"):
        quota.reserve(file("a"), 1, ROSA)


def test_all_people_together_have_a_limit_and_a_time_to_try_again(quota, stored):
    keep(quota, stored, file("a", "hers"), 3 * MB, ROSA)
    keep(quota, stored, file("b", "mine"), 2 * MB, MAYA)

    with pytest.raises(ServerFull) as refused:
        quota.reserve(file("c", "yours"), 1, INES)

    assert refused.value.retry_after_seconds == 60


def test_a_refused_file_takes_no_room(quota):
    with pytest.raises(SignInFull):
        quota.reserve(file("a"), 4 * MB, ROSA)

    quota.reserve(file("b"), 3 * MB, ROSA)
