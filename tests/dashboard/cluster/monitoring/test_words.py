"""Measurements and rules in words."""

import pytest

from dashboard.cluster.alerts.alert_words import WORDS, describe_rule
from dashboard.ui.measures import amount, seconds
from services.cluster.alerts import AlertKind, RuleRevision


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "not known"),
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (42.4, "42 s"),
        (90, "1 min 30 s"),
        (60, "1 min"),
        (7800, "2 h 10 min"),
        (93_600, "1 d 2 h"),
    ],
)
def test_spans_read_as_people_say_them(value, words):
    assert seconds(value) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1200, "1.2 kB"),
        (271e9, "271 GB"),
        (None, "not known"),
    ],
)
def test_bytes_are_counted_as_disks_are(count, words):
    assert amount(count) == words


def test_every_kind_of_alert_has_words():
    assert WORDS.keys() == set(AlertKind)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (
            RuleRevision(True, 10, 30, 2, 30, kind=AlertKind.LAG),
            "A replica is behind by over 10 s for 30 s; ends at 2 s or less for 30 s",
        ),
        (
            RuleRevision(True, 0.9, 60, 0.85, 0, kind=AlertKind.DISK),
            "A disk is over 90% full for 1 min; ends at 85% or less",
        ),
        (
            RuleRevision(True, 0, 30, 0, 10, kind=AlertKind.REPLICA_GONE),
            "A replica does not stream for 30 s; ends once that is resolved for 10 s",
        ),
    ],
    ids=["lag", "disk", "gone"],
)
def test_a_rule_is_a_sentence(rule, words):
    assert describe_rule(rule) == words
