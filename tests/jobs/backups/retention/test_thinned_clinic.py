"""A real clinic whose backups were thinned out: each file of any second is found."""

from datetime import UTC, datetime, timedelta

import pytest

from jobs.backups.looking import look
from jobs.backups.retention.removing import remove_expired
from jobs.backups.taking import take
from tests.jobs.backups.log_samples import LOG_GROUP, await_kept, await_log, keeping

pytestmark = [pytest.mark.cluster, LOG_GROUP]
WEEK = timedelta(days=7)


def test_files_that_came_while_the_log_was_not_kept_are_found_at_their_time(
    clinic, repository, keys
):
    source = clinic.source
    with keeping(clinic, repository) as keeper:
        await_log(keeper)
        first = take(source, repository, full_every=WEEK).manifest
        await_kept(keeper, datetime.now(UTC))
    # The worker is away, and somebody makes a backup by hand.
    clinic.file(b"%PDF while nobody followed")
    filed_at = datetime.now(UTC)
    second = take(source, repository, full_every=WEEK).manifest
    assert second.based_on
    with keeping(clinic, repository) as keeper:
        await_kept(keeper, datetime.now(UTC))
        copied_at = datetime.now(UTC)
        await_kept(keeper, copied_at)
        # A full one, so that none needs the second.
        take(source, repository)
        await_kept(keeper, datetime.now(UTC))
    days_later = datetime.now(UTC) + timedelta(days=4)
    removed = remove_expired(
        repository, keys, first.began_at, is_sweeping=True, now=days_later
    )

    assert removed.set_ids == (second.set_id,)
    for to in (filed_at, copied_at):
        proof = look(source.folder, repository, keys, to=to)
        assert (proof.set_id, proof.files) == (first.set_id, second.files)
