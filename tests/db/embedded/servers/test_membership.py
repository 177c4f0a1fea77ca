"""The nodes of a cluster are remembered, even while one is being removed."""

from db.embedded import DataFolder
from db.embedded.servers import membership
from db.embedded.servers.membership import FOUNDERS, Member, Members


def test_a_cluster_begins_with_three(folder: DataFolder):
    assert membership.remembered(folder).names == ("db-01", "db-02", "db-03")


def test_what_is_remembered_is_there_again(folder: DataFolder):
    changed = FOUNDERS.joined_by(None).joined_by(900).left_by("db-02")

    membership.remember(folder, changed)

    assert membership.remembered(folder) == changed


def test_a_new_node_gets_the_first_free_name():
    assert FOUNDERS.joined_by(None).staying[-1] == Member("db-04")


def test_a_name_is_not_given_away_while_traces_of_it_remain():
    left = FOUNDERS.left_by("db-02")

    assert left.joined_by(None).names[-1] == "db-04"
    assert left.without_traces_of("db-02").joined_by(None).names[-1] == "db-02"


def test_a_delayed_standby_is_not_among_those_that_may_lead():
    there = Members((Member("db-01"), Member("db-02", 900)))

    assert there.ordinary == ("db-01",)
    assert there.delayed == ("db-02",)
