"""Every code that a detail can have has words, in both languages."""

from collections.abc import Iterable
from typing import get_args

import pytest

from services.analytics.subscriptions.model import CancelReason, StopReason
from services.audit.log.descriptions import describe
from services.audit.log.detail_words import CODES
from services.backups.previews.changes import ChangedKind
from services.cluster.alerts import AlertKind
from services.cluster.drill_kinds import DrillKind
from services.core import throttling
from services.core.actors import LIST_DENSITIES, NAME_ORDERS
from services.core.audit import Action
from services.documents.fields.model import FieldKind
from services.documents.records.kinds import DocumentType
from services.people.sessions import Method
from services.people.sessions.ending import Ended
from services.visits.front_desk.notifications.records import NotificationKind
from services.visits.newcomers import limits
from tests.kit.sentences import translations

LIMITS = [
    value.name
    for module in (throttling, limits)
    for value in vars(module).values()
    if isinstance(value, throttling.Limit)
]


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("because", (*StopReason, *CancelReason)),
        ("document_types", DocumentType),
        ("kind", (*DrillKind, *AlertKind, *NotificationKind, *FieldKind)),
        ("limit", LIMITS),
        ("list", ChangedKind),
        ("list_density", LIST_DENSITIES),
        ("method", get_args(Method)),
        ("name_order", NAME_ORDERS),
        ("reason", get_args(Ended)),
    ],
)
def test_every_code_of_a_detail_has_words(name: str, codes: Iterable[str]):
    assert set(map(str, codes)) <= CODES[name].keys()


def test_the_words_for_codes_are_translated():
    words = {word for codes in CODES.values() for word in codes.values()}

    assert words <= translations().keys()


@pytest.mark.parametrize(
    ("action", "details", "said"),
    [
        (Action.SESSION_END, {"reason": "idle"}, "reason: not used for too long"),
        (
            Action.SESSION_START,
            {"method": "demo"},
            "method: chosen in the list of the demo",
        ),
        (
            Action.USER_CHOOSE_LANGUAGE,
            {"changed": {"language": [None, "de"]}},
            "language: – → German",
        ),
        (
            Action.FIELD_CHANGE,
            {"changed": {"document_types": [[], ["imaging", "sick_note"]]}},
            "document types: – → Imaging, Sick note",
        ),
        (
            Action.AUDIT_EXPORT,
            {"actions": ["patient:read", "tag:add"], "other_than": ["patient:list"]},
            (
                "actions: viewed a patient's record, added a tag of documents; "
                "other than: listed patients"
            ),
        ),
        (
            Action.DOCUMENT_FILE,
            {"version": 1, "filesize": 20_614},
            "version: 1; file size: 20,614 bytes",
        ),
        (Action.SYSTEM_REGISTER, {"name": "idle"}, "name: idle"),
        (Action.FIELD_ADD, {"choices": ["other", "{}"]}, "choices: other, {}"),
    ],
    ids=[
        "reason",
        "method",
        "change",
        "list",
        "actions",
        "size",
        "a name",
        "typed choices",
    ],
)
def test_a_code_is_said_in_words(action: Action, details: dict[str, object], said: str):
    assert describe(action, details) == said
