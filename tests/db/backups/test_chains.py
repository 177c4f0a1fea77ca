"""What a set is restored from, worked out from manifests alone."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from db.backups.backup_errors import SetBroken
from db.backups.manifest import Manifest
from db.backups.repository import Repository, Survey
from db.files.ciphers import FileCipher
from db.files.file_keys import FileKeys
from tests.kit.backup_sets import AS_OF, MANIFEST, add_set, based_on

HOUR = timedelta(hours=1)


def following(base, number, **values):
    """Return an incremental set that was made an hour after its base."""
    return replace(
        MANIFEST,
        set_id=f"20261125T0{number}0000Z-000{number}",
        as_of=base.as_of + HOUR,
        based_on=based_on(base),
        **values,
    )


SECOND = following(MANIFEST, 3)
THIRD = following(SECOND, 4)


def test_a_full_one_needs_itself_alone_and_the_others_all_before_them():
    survey = Survey.of((THIRD, MANIFEST, SECOND), ())

    assert survey.sets == (MANIFEST, SECOND, THIRD)
    assert survey.chain_of(MANIFEST) == (MANIFEST,)
    assert survey.chain_of(THIRD) == (MANIFEST, SECOND, THIRD)
    assert list(survey.bases_of(THIRD)) == [THIRD, SECOND, MANIFEST]


def test_all_that_lack_something_further_down_are_told_apart():
    survey = Survey.of((SECOND, THIRD), ["20261125T020000Z-0001"])

    assert (survey.sets, survey.orphans) == ((), (SECOND, THIRD))
    assert survey.unusable == (MANIFEST.set_id, SECOND.set_id, THIRD.set_id)
    # A key that only they need is kept: somebody may put back the missing set.
    assert survey.key_ids == {7}
    with pytest.raises(SetBroken, match=f"since backup {MANIFEST.set_id}, whose"):
        survey.chain_of(THIRD)


def test_a_clock_that_was_set_back_in_between_makes_no_orphan():
    earlier = replace(SECOND, as_of=MANIFEST.as_of - HOUR)

    assert Survey.of((MANIFEST, earlier), ()).orphans == ()


def test_a_circle_is_no_chain_and_does_not_hang():
    second = replace(SECOND, based_on=based_on(THIRD))
    third = replace(THIRD, based_on=based_on(second))
    survey = Survey.of((second, third), ())

    assert sorted(each.set_id for each in survey.orphans) == [
        SECOND.set_id,
        THIRD.set_id,
    ]
    with pytest.raises(SetBroken):
        survey.chain_of(second)


def test_a_base_whose_manifest_says_something_else_is_refused():
    survey = Survey.of((replace(MANIFEST, files=61), SECOND), ())

    with pytest.raises(SetBroken, match="is not the one it was made from"):
        survey.chain_of(SECOND)


def test_the_newest_is_refused_where_it_lacks_its_base(tmp_path):
    repository = Repository(tmp_path / "backups")
    add_set(repository)
    for each in (SECOND, THIRD):
        values = {"as_of": each.as_of, "based_on": each.based_on}
        add_set(repository, set_id=each.set_id, **values)
    repository.remove(SECOND.set_id)

    with pytest.raises(SetBroken, match=f"^Backup {THIRD.set_id} has only what"):
        repository.newest()


def test_a_manifest_of_before_there_were_incremental_ones_opens(tmp_path):
    keys = FileKeys(tmp_path / "file.keys", may_be_made=True)
    key = FileCipher.new()
    sealed = MANIFEST.sealing(key, keys)

    # The older version sealed it like this: without the fields that it did not know.
    said = json.loads(sealed.written())
    assert not said.keys() & {"based_on", "full_because"}
    assert MANIFEST.fingerprint == (
        "0356fb6df88462c5e4970765ba2d0de6061b1a3dd04ecb50ecd42fda7ce45e03"
    )
    assert Manifest.parse(sealed.written(), sealed.set_id).key(keys).key == key.key


def test_what_a_set_is_based_on_cannot_be_changed_without_its_keys(tmp_path):
    keys = FileKeys(tmp_path / "file.keys", may_be_made=True)
    sealed = SECOND.sealing(FileCipher.new(), keys)

    for changed in (
        replace(sealed, based_on=None),
        replace(sealed, based_on=based_on(THIRD)),
        replace(sealed, full_because="It was."),
    ):
        with pytest.raises(SetBroken, match="is not what was written"):
            changed.key(keys)
    assert sealed.as_of > AS_OF


def test_of_sets_begun_in_one_second_the_later_one_is_the_newer(tmp_path):
    repository = Repository(tmp_path / "backups")
    add_set(repository)
    with repository.held():
        names = [repository.begin(AS_OF)[0] for _ in range(8)]

    assert names == sorted(set(names))
