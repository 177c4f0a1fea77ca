"""Each action of the vocabulary is recorded by the very call that it names."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from db.models.audit import AuditEvent
from db.mongo.audit_store import AuditStore
from services.audit.log.descriptions import describe, field_name
from services.core.audit import Action
from tests.kit.audit_events import events_of
from tests.kit.sentences import translations
from tests.services.core.audit_actions import PREPARATIONS, World

_ROOT = Path(__file__).resolve().parents[3]
_SERVICES = _ROOT / "services"
# They only define the vocabulary.
_VOCABULARY = {
    _SERVICES / "core" / "audit.py",
    _SERVICES / "audit" / "log" / "words.py",
}
# Not of one call, but of many together: each has tests of its own.
ANYWHERE = {Action.ACCESS_REFUSE, Action.LIMIT_REACH}
# Actions that follow from another in the same transaction: a patient's current
# medications follow what is prescribed, and a summary reads what it contains.
FOLLOWING = {
    action: {Action.PATIENT_CHANGE.value}
    for action in Action
    if action.value.startswith("prescription:")
} | {
    Action.POINT_IN_TIME_COPY_DOCUMENT: {Action.DOCUMENT_RESTORE.value},
    Action.POINT_IN_TIME_COPY_VISIT: {Action.VISIT_UNDO_CHECK_IN.value},
    Action.PRESCRIPTION_ADD_SCAN: {Action.DOCUMENT_FILE.value},
    Action.PATIENT_PRINT: {
        Action.VISIT_LIST.value,
        Action.PRESCRIPTION_READ.value,
        Action.RECORD_READ.value,
    },
}


@pytest.fixture
def log(databases) -> Iterator[AuditStore]:
    with databases.fresh_log() as store:
        yield store


@pytest.fixture
def world(session, files, log, tmp_path) -> World:
    return World(session, files, log, tmp_path)


@pytest.mark.parametrize("action", PREPARATIONS, ids=str)
def test_asvs_16_3_1_an_action_is_recorded_as_what_it_is_and_as_nothing_else(
    world, action
):
    do = PREPARATIONS[action](world)
    world.session.execute(delete(AuditEvent))

    do()

    events = events_of(world.session)
    others = {event.action for event in events} - {action.value}
    assert len(events) > len(others)
    assert others <= FOLLOWING.get(action, set())
    assert {event.outcome for event in events} == {"done"}
    # Whoever reads the log in German finds translations of the names in it.
    assert set(map(field_name, _names_in(events))) <= translations().keys()


def _names_in(events: list[AuditEvent]) -> Iterator[str]:
    """Yield the kinds of things, and the fields, that the page *Audit* writes out."""
    for event in events:
        if event.subject_kind:
            yield event.subject_kind
        for name, value in event.details.items():
            if name == "changed" and isinstance(value, dict):
                yield from value
            elif f"{field_name(name)}: " in describe(event.action, event.details):
                yield name


def test_no_action_goes_without_a_call():
    assert set(PREPARATIONS) | ANYWHERE == set(Action)


def test_no_action_is_recorded_by_nobody():
    named = {name for path in _sources() for name in _actions_in(path)}

    assert named == {action.name for action in Action}


def _sources() -> Iterator[Path]:
    for folder in ("services", "dashboard", "api", "jobs"):
        for path in (_ROOT / folder).rglob("*.py"):
            if path not in _VOCABULARY:
                yield path


def _actions_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Attribute(value=ast.Name(id="Action"), attr=name):
                yield name
