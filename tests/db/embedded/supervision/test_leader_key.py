"""The leader key is dropped only as it was seen, never if a node leads again."""

from dataclasses import replace

import pytest

from db.embedded import Cluster
from db.embedded.servers.etcd import Etcd, LeaderKey
from tests.kit.breaking import etcd_of
from tests.kit.waiting import eventually

pytestmark = pytest.mark.cluster


@pytest.fixture
def etcd(breakable: Cluster) -> Etcd:
    """The etcd of a cluster that works."""
    return etcd_of(breakable)


def test_a_key_that_was_written_anew_since_stays(breakable: Cluster, etcd: Etcd):
    key = etcd.leadership()
    assert key is not None
    assert key.name == breakable.primary().name

    assert not etcd.drop(LeaderKey(key.name, key.revision - 1))

    assert etcd.leadership() == key


def test_a_leader_that_works_on_holds_the_same_key(breakable: Cluster, etcd: Etcd):
    leader, before = breakable.primary(), etcd.leadership()

    def renewed_at() -> int:
        return leader.ask("/patroni").body["dcs_last_seen"]

    for _ in range(2):
        last = renewed_at()
        eventually(renewed_at, lambda at, last=last: at > last)

    assert etcd.leadership() == before


def test_without_an_answer_nobody_knows_who_holds_it(etcd: Etcd):
    assert replace(etcd, password="wrong").leadership() is None
