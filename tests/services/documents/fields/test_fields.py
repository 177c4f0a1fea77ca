"""Fields: defined by administrators, filled in by the clinic, filtered by in lists."""

from dataclasses import replace
from datetime import date

import pytest

from services.core.actors import Role
from services.core.audit import Action
from services.core.errors import InvalidInput, NotAllowed, NotFound
from services.documents import fields, records
from services.documents.fields import FieldDefinition, FieldKind
from services.documents.fields.defining import FieldChanged, FieldExists
from services.documents.records.drafts import ChangedDocument
from services.documents.records.kinds import DocumentType
from services.lists.criteria import Operator
from tests.kit import cast
from tests.kit.audit_events import events_of
from tests.services.documents.records.samples import file
from tests.services.documents.search.samples import titles, where

KINDS = {
    "number": (FieldKind.NUMBER, {"unit": "ml"}),
    "choice": (FieldKind.CHOICE, {"choices": ("Blood", "Urine")}),
    "text": (FieldKind.TEXT, {}),
    "date": (FieldKind.DATE, {}),
    "flag": (FieldKind.FLAG, {}),
}


@pytest.fixture
def boss(session):
    return cast.add_actor(session, Role.ADMIN)


@pytest.fixture
def define(session, boss):
    """Define a field of a kind, with the kind's name by default."""

    def define(kind, name="", **said):
        field_kind, usual = KINDS[kind]
        definition = FieldDefinition(name or kind.title(), **(usual | said))
        return fields.add_field(session, boss, field_kind, definition)

    return define


def fill(session, actor, document, values, **changes):
    """Give a document these values and no others."""
    before = records.look_up(session, actor, document.id)
    wanted = replace(ChangedDocument.of(before), fields=values, **changes)
    return records.change(session, actor, document.id, wanted, revision=before.revision)


def definition_of(field, **changes):
    """Return a field's definition, with these changes."""
    said = FieldDefinition(
        field.name, field.unit, field.choices, field.document_types, field.is_required
    )
    return replace(said, **changes)


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        ("text", "  L-2026   000123 ", "L-2026 000123"),
        ("number", 5, 5),
        ("number", "2,50", 2.5),
        ("number", -0.125, -0.125),
        ("number", "123456789.123456", 123456789.123456),
        ("date", "2026-11-25", "2026-11-25"),
        ("date", date(2026, 11, 25), "2026-11-25"),
        ("flag", False, False),
        ("flag", "true", True),
        ("choice", "urine", "Urine"),
    ],
)
def test_what_is_filled_in_is_kept_as_its_kind(
    session, clerk, define, *, kind, typed, kept
):
    key = define(kind).key
    letter = file(session, clerk, fields={key: typed})

    assert letter.fields == {key: kept}
    assert records.look_up(session, clerk, letter.id).fields == {key: kept}


@pytest.mark.parametrize(
    ("kind", "typed", "sentence"),
    [
        ("text", "x" * 201, "“Text” can have at most 200 characters"),
        ("text", 7, "“Text” must be text"),
        ("text", "a\0b", "“Text” must be text"),
        ("number", "many", "“Number” must be a number such as 12.5"),
        ("number", True, "“Number” must be a number such as 12.5"),
        ("number", "NaN", "“Number” must be a number such as 12.5"),
        ("number", 10**9, "“Number” must be a number such as 12.5"),
        ("number", "0.1234567", "“Number” must be a number such as 12.5"),
        ("date", "25 November", "“Date” must be a date such as 2026-11-25"),
        ("date", "1726-11-25", "“Date” must be between the years 1900 and 2199"),
        ("flag", "perhaps", "“Flag” must be yes or no"),
        ("choice", "Saliva", "“Choice” must be one of: Blood, Urine"),
    ],
)
def test_what_is_no_such_value_is_refused_by_the_name_of_the_field(
    session, clerk, define, *, kind, typed, sentence
):
    key = define(kind).key

    with pytest.raises(InvalidInput, match=sentence) as refusal:
        file(session, clerk, fields={key: typed})

    assert refusal.value.property_name == f"custom_fields.{key}"


def test_names_and_values_read_as_they_are_kept(session, clerk, define):
    field = define("text", "Num\u202eber\u202c")
    letter = file(session, clerk, fields={field.key: "L\u20661\u2069"})

    assert (field.name, letter.fields) == ("Number", {"number": "L1"})


def test_a_change_is_a_revision_whose_event_names_the_fields_and_not_their_values(
    session, clerk, define
):
    lab, volume = define("text", "Laboratory number"), define("number")
    letter = file(session, clerk, fields={lab.key: "L-1", volume.key: 5})

    after = fill(session, clerk, letter, {lab.key: "L-2", volume.key: ""})

    assert (after.fields, after.revision) == ({"laboratory_number": "L-2"}, 2)
    (event,) = events_of(session, Action.DOCUMENT_CHANGE)
    changed = event.details["changed"]
    assert changed == {
        "custom_fields.laboratory_number": [],
        "custom_fields.number": [],
    }


def test_a_needed_field_is_asked_for_where_its_type_is_said_or_fields_are_filled_in(
    session, clerk, define
):
    lab_report, letter = DocumentType.LAB_REPORT, DocumentType.CORRESPONDENCE
    old = file(session, clerk, document_type=lab_report, fields={})
    scan = define("text", "Lab", document_types=(lab_report,), is_required=True)
    other = define("text", "Other")

    with pytest.raises(InvalidInput, match="“Lab” is required") as refusal:
        file(session, clerk, document_type=lab_report, fields={})
    assert refusal.value.property_name == "custom_fields.lab"
    with pytest.raises(InvalidInput, match="“Lab” is not for documents of this type"):
        file(session, clerk, document_type=letter, fields={scan.key: "L-1"})
    of_another_type = file(session, clerk, document_type=letter, fields={})
    with pytest.raises(InvalidInput, match="“Lab” is required"):
        fill(session, clerk, of_another_type, {}, document_type=lab_report)
    assert file(session, clerk, document_type=lab_report).fields == {}
    untouched = {scan.key: ""}
    assert fill(session, clerk, old, untouched, title="Renamed").title == "Renamed"
    with pytest.raises(InvalidInput, match="“Lab” is required"):
        fill(session, clerk, old, {other.key: "7"})
    assert fill(session, clerk, old, {scan.key: "L-1"}).fields == {"lab": "L-1"}


def test_an_archived_field_keeps_what_it_has_and_takes_no_more(
    session, clerk, boss, define
):
    lab = define("text", "Lab", is_required=True)
    letter = file(session, clerk, fields={lab.key: "L-1"})

    archived = fields.archive_field(session, boss, lab.id)

    assert archived.is_archived
    kept = fill(session, clerk, letter, {lab.key: "L-1"}, title="Renamed")
    assert kept.fields == {"lab": "L-1"}
    with pytest.raises(InvalidInput, match="“Lab” is archived"):
        fill(session, clerk, letter, {lab.key: "L-2"})
    assert file(session, clerk, fields={}).fields == {}
    assert not fields.restore_field(session, boss, lab.id).is_archived
    assert fill(session, clerk, letter, {lab.key: "L-2"}).fields == {"lab": "L-2"}


def test_a_field_that_nobody_defined_is_refused(session, clerk):
    with pytest.raises(InvalidInput, match="no field “mood”"):
        file(session, clerk, fields={"mood": "good"})


def test_two_fields_have_neither_the_same_name_nor_the_same_key(session, boss, define):
    first, second = define("text", "Größe (cm)"), define("text", "Große cm")

    assert (first.key, second.key) == ("grosse_cm", "grosse_cm_2")
    assert define("text", "年").key == "field"
    with pytest.raises(FieldExists):
        define("date", "grosse CM")
    with pytest.raises(FieldExists):
        fields.change_field(
            session, boss, second.id, definition_of(second, name="Große (CM)")
        )


@pytest.mark.parametrize(
    ("kind", "said", "wrong"),
    [
        ("text", {"name": " "}, "name"),
        ("text", {"name": "x" * 41}, "name"),
        ("text", {"name": "{x}"}, "name"),
        ("number", {"unit": "x" * 21}, "unit"),
        ("choice", {"choices": (" ",)}, "choices"),
        ("choice", {"choices": ("Blood", "blood")}, "choices"),
        ("choice", {"choices": tuple(map(str, range(101)))}, "choices"),
    ],
)
def test_a_definition_that_cannot_be_kept_is_refused(
    session, boss, define, *, kind, said, wrong
):
    with pytest.raises(InvalidInput) as refusal:
        define(kind, **said)

    assert refusal.value.property_name == wrong


def test_a_choice_that_documents_have_stays_and_others_go(session, clerk, boss, define):
    choice = define("choice", choices=("Blood", "Urine", "Saliva"))
    file(session, clerk, fields={choice.key: "Blood"})

    fewer = definition_of(choice, name="Material", choices=("Blood", "Swab"))
    after = fields.change_field(session, boss, choice.id, fewer)

    assert (after.key, after.name) == ("choice", "Material")
    assert after.choices == ("Blood", "Swab")
    with pytest.raises(InvalidInput, match="Documents use “Blood” in this field"):
        fields.change_field(
            session, boss, choice.id, definition_of(after, choices=("Swab",))
        )


def test_a_field_that_a_colleague_changed_is_not_changed_over_that(
    session, boss, define
):
    seen = define("text", "Lot")
    renamed = fields.change_field(
        session, boss, seen.id, definition_of(seen, name="Batch")
    )

    mine = definition_of(seen, name="Number of the lot")
    with pytest.raises(FieldChanged):
        fields.change_field(session, boss, seen.id, mine, seen=seen)

    assert fields.change_field(session, boss, seen.id, mine, seen=renamed).name == (
        "Number of the lot"
    )


LISTED = {
    ("text", Operator.EQUAL): ("l-2", "B"),
    ("text", Operator.NOT_EQUAL): ("L-2", "AC-"),
    ("text", Operator.CONTAINS): ("-2", "BC"),
    ("text", Operator.STARTS_WITH): ("L-", "ABC"),
    ("text", Operator.GREATER_THAN): ("L-1", "BC"),
    ("text", Operator.IN): (("L-1", "L-3"), "A"),
    ("text", Operator.IS_EMPTY): ("true", "-"),
    ("number", Operator.EQUAL): ("2.50", "B"),
    ("number", Operator.NOT_EQUAL): ("2.5", "AC-"),
    ("number", Operator.LESS_THAN): ("2,5", "A"),
    ("number", Operator.LESS_THAN_OR_EQUAL): ("2.5", "AB"),
    ("number", Operator.BETWEEN): (("-1", "2.5"), "AB"),
    ("number", Operator.IN): (("2.5", "10"), "BC"),
    ("number", Operator.IS_EMPTY): ("false", "ABC"),
    ("date", Operator.EQUAL): ("2026", "BC"),
    ("date", Operator.NOT_EQUAL): ("2026-02-01", "AC-"),
    ("date", Operator.LESS_THAN): ("2026-02-01", "A"),
    ("date", Operator.BETWEEN): (("2025-01-01", "2026-02-01"), "AB"),
    ("date", Operator.IS_EMPTY): ("true", "-"),
    ("flag", Operator.EQUAL): ("false", "BC"),
    ("flag", Operator.IS_EMPTY): ("true", "-"),
    ("choice", Operator.EQUAL): ("urine", "BC"),
    ("choice", Operator.NOT_EQUAL): ("Urine", "A-"),
    ("choice", Operator.IN): (("Blood", "Urine"), "ABC"),
    ("choice", Operator.IS_EMPTY): ("true", "-"),
}


def test_lists_are_filtered_by_fields_with_the_operators_of_their_kind(
    session, clerk, define
):
    for kind in KINDS:
        define(kind)
    given = {
        "A": {"text": "L-1", "number": -0.5, "date": "2025-12-31"},
        "B": {"text": "L-2", "number": 2.5, "date": "2026-02-01"},
        "C": {"text": "L-22", "number": 10, "date": "2026-03-01"},
        "-": {},
    }
    for title, values in given.items():
        of_all = {"flag": title == "A", "choice": "Blood" if title == "A" else "Urine"}
        file(session, clerk, title=title, fields=values | (of_all if values else {}))

    listed = {
        (kind, operator): "".join(
            sorted(
                titles(session, clerk, where(f"custom_fields.{kind}", operator, value)),
                key="ABC-".index,
            )
        )
        for (kind, operator), (value, _) in LISTED.items()
    }

    assert listed == {
        condition: expected for condition, (_, expected) in LISTED.items()
    }


def test_a_search_is_filtered_by_fields_too(session, clerk, define):
    define("text")
    for title in ("Blood count", "Blood group"):
        file(session, clerk, title=title, fields={"text": title[6:]})

    criteria = replace(
        where("custom_fields.text", Operator.EQUAL, "group"), search="blood"
    )

    assert titles(session, clerk, criteria) == ["Blood group"]


def test_lists_know_no_field_that_nobody_defined(session, clerk):
    with pytest.raises(InvalidInput, match=r'no field "custom_fields\.mood"'):
        titles(session, clerk, where("custom_fields.mood", Operator.EQUAL, "x"))
    with pytest.raises(InvalidInput, match="no field"):
        titles(session, clerk, where("custom_fields.'; DROP", Operator.EQUAL, "x"))


@pytest.mark.parametrize(
    "role", [Role.STAFF, Role.CLINICIAN, Role.ANALYST, Role.PATIENT]
)
def test_nobody_else_defines_changes_or_archives_fields(session, boss, define, role):
    field, actor = define("text"), cast.act_as_somebody(role)

    for act in (
        lambda: fields.add_field(session, actor, FieldKind.TEXT, definition_of(field)),
        lambda: fields.change_field(session, actor, field.id, definition_of(field)),
        lambda: fields.archive_field(session, actor, field.id),
        lambda: fields.restore_field(session, actor, field.id),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_what_is_no_field_is_not_found(session, boss, clerk):
    with pytest.raises(NotFound):
        fields.archive_field(session, boss, clerk.id)
