"""A problem with a field names the field, so that the page can mark it."""

import re
from pathlib import Path

from dashboard.ui.outcomes.field_problems import CALLED
from services.core.actors import Role
from tests.pages.conftest import Clinic, problem_places

_ROOT = Path(__file__).resolve().parents[3]
_NAMED = re.compile(r"(?:Invalid[A-Z]\w+|super\(\).__init__)\(\s*\"(\w+)\",\s")
_KEY = re.compile(r"\"((?:\w|\{[^}\"]*\})*_(?:\w|\{[^}\"]*\})*)\"")
# Fields whose widgets have keys composed of the names of many fields.
_COMPOSED = {
    "age_band",
    "complaint",
    "date_of_birth",
    "hours",
    "systolic",
    "timespan",
    "ttl",
}
# Fields that only programs and addresses can send.
_TYPED_NOWHERE = {
    "after",
    "archived",
    "changes",
    "criteria",
    "days",
    "file",
    "kind",
    "lines",
    "metadata",
    "operator",
    "order",
    "orderBy",
    "page",
    "points",
    "scope",
    "split_by",
    "tags",
    "totals",
    "where",
}


def test_each_refused_field_of_a_form_is_named(clinic: Clinic):
    app = clinic.open("register")
    app.button(key="register_submit").click().run()

    assert problem_places(app) == [
        "first_name",
        "last_name",
        "date_of_birth",
        "phone_number",
    ]


def test_a_refusal_of_a_service_names_its_field(clinic: Clinic):
    app = clinic.open("statistics", Role.ADMIN)
    app.radio(key="statistics_period").set_value("Other days").run()
    first, last = (app.date_input(key=f"statistics_{end}") for end in ("from", "to"))
    first.set_value(last.value)
    last.set_value(last.value.replace(year=last.value.year - 1))
    app.run()

    assert problem_places(app) == ["to"]


def test_whatever_a_service_refuses_by_name_is_a_field_of_some_page():
    services = [path.read_text() for path in (_ROOT / "services").rglob("*.py")]
    pages = [
        path.read_text()
        for room in ("dashboard", "pages")
        for path in (_ROOT / room).rglob("*.py")
        if path.name != "field_problems.py"
    ]
    named = {name for text in services for name in _NAMED.findall(text)}
    keys = {key for text in pages for key in _KEY.findall(text)}
    words = "".join(f" _{re.sub('{[^}]*}', 'x', key)}_ " for key in keys)

    assert named > {"email", "ends_at", "scheduled_at"}
    assert [
        name
        for name in sorted(named - _COMPOSED - _TYPED_NOWHERE)
        if f"_{CALLED.get(name, name)}_" not in words
    ] == []
