"""The lines on a server's card."""

from datetime import timedelta

import pytest

from dashboard.cluster.monitoring.card_lines import cards_of
from db.cluster.observing import SlotSnapshot
from tests.dashboard.cluster.monitoring.samples import (
    AT,
    delayed,
    healthy,
    lost,
    primary,
    replica,
    snapshot,
)


def facts(seen, name):
    (card,) = [card for card in cards_of(seen, leads_on=False) if card.name == name]
    return {fact.label: fact for fact in card.facts}


def test_who_leads_comes_first_and_then_names_count():
    seen = snapshot(replica("db-03"), primary("db-02"), replica("db-01"))

    assert [card.name for card in cards_of(seen, leads_on=False)] == [
        *("db-02", "db-01", "db-03"),
    ]


def test_each_lag_is_told_in_seconds_and_bytes():
    lines = facts(snapshot(primary(), replica("db-02", 2.5)), "db-02")

    assert {lines[label].text for label in ("Replay", "Flush", "Write")} == {
        "2.5 s · 2.5 kB behind"
    }


@pytest.mark.parametrize(
    ("seconds", "tone"), [(0.0, "plain"), (4.9, "plain"), (5.1, "warn")]
)
def test_much_lag_stands_out(seconds, tone):
    lines = facts(snapshot(primary(), replica("db-02", seconds)), "db-02")

    assert lines["Replay"].tone == tone


@pytest.mark.parametrize(("days", "is_shown"), [(0, True), (6, True), (8, False)])
def test_a_server_that_was_copied_anew_by_itself_says_so_for_a_week(days, is_shown):
    copied = replica("db-02", copied_anew_at=AT - timedelta(days=days, minutes=5))

    lines = facts(snapshot(primary(), copied), "db-02")

    assert ("Copied anew" in lines) == is_shown
    if is_shown:
        assert lines["Copied anew"].text.endswith("because its log was damaged")
        assert lines["Copied anew"].tone == "warn"


def test_a_delayed_standby_is_not_late():
    seen = snapshot(primary(), delayed())
    (card,) = [
        shown for shown in cards_of(seen, leads_on=False) if shown.name == "db-04"
    ]

    assert card.part == "Delayed standby"
    assert facts(seen, "db-04")["Replay"].tone == "plain"
    assert facts(seen, "db-04")["Rules"].text == "never leads, never waited for"


def test_a_silent_server_says_since_when():
    lines = facts(snapshot(primary(), lost("db-03", 12)), "db-03")

    assert lines["Last answered"].text.endswith("(12 s ago)")
    assert "Replay" not in lines


def test_a_replicas_slots_at_the_ready_are_not_told():
    idle, active = (
        SlotSnapshot("a", False, 0),
        SlotSnapshot("b", True, 0, holder="db-03"),
    )

    lines = facts(snapshot(primary(), replica("db-02", slots=(idle, active))), "db-02")

    assert lines["WAL retained by slot"].text == "0 B for db-03"


def test_a_slot_that_nobody_reads_says_so():
    slots = (SlotSnapshot("gone", False, 3_000_000_000),)

    kept = facts(snapshot(primary(slots=slots)), "db-01")["WAL retained by slot"]

    assert kept.text == "3.0 GB for gone, inactive"
    assert kept.tone == "warn"


def test_names_lead_to_operations_only_for_who_may_do_them():
    for leads_on in (True, False):
        urls = {card.url for card in cards_of(healthy(), leads_on=leads_on)}
        assert ("one_server?node=db-01" in urls) is leads_on
