"""A clinic's own lists on screen: checked, taken, chosen, and searched at a visit."""

from datetime import UTC, datetime

import pytest

from services.consultations import code_lists
from services.consultations.code_lists import ListKind, ListSource
from services.core.actors import Role
from services.patients.care import care
from tests.kit import cast
from tests.services.visits import visit_samples

BOSS = cast.act_as_somebody(Role.ADMIN)
HEAD = "name,form,strength,active_ingredients\n"
ZYRAFEN = "Zyrafen,tablets,400 mg,Ibuprofen\n"


@pytest.fixture
def page(clinic, at_desk):
    yield at_desk("code_lists", Role.ADMIN)
    for kind in ListKind:
        clinic.write(
            lambda s, kind=kind: code_lists.choose(s, BOSS, kind, ListSource.BUILT_IN)
        )


def upload(app, text, kind="drugs"):
    number = app.session_state["code_lists_round"]
    key = f"code_lists_file_{kind}_{number}"
    app.file_uploader(key=key).set_value(("list.csv", text.encode(), "text/csv"))
    app.run()


def said(app):
    elements = (*app.markdown, *app.caption, *app.error)
    # Without the escapes that keep Markdown from taking a list's terms for markup.
    return " ".join(element.value for element in elements).replace("\\", "")


def test_a_list_is_checked_line_by_line_before_anything_is_saved(page):
    upload(page, f"{HEAD}{ZYRAFEN}Unheardof,,,\n,tablets,,\n")

    assert page.error[0].value.startswith("2 lines cannot be imported, so nothing was.")
    assert "Line 3: active ingredients of “Unheardof” are missing" in said(page)
    assert "Line 4: the name is missing" in said(page)
    assert not [b for b in page.button if b.key == "code_lists_take_drugs"]


def test_a_list_is_previewed_taken_and_chosen(clinic, page):
    # Another test may have taken a list.
    states = clinic.write(lambda s: code_lists.list_states(s, BOSS))
    (gone,) = (state.offered for state in states if state.kind is ListKind.DRUGS)

    upload(page, HEAD + ZYRAFEN)
    labels = [expander.label for expander in page.expander]
    assert labels == ["New: 1", "Changed: 0", f"Missing, to be retired: {gone}"]

    page.button(key="code_lists_take_drugs").click().run()
    assert "It has 1" in said(page)
    page.radio(key="code_lists_source_drugs").set_value(ListSource.OWN)
    page.button(key="code_lists_save_drugs").click().run()

    listed = clinic.write(code_lists.drugs)
    assert listed.offered == ("Zyrafen", "Zyrafen 400 mg tablets")


def test_what_a_colleague_took_meanwhile_is_shown_before_it_is_retired(clinic, page):
    mine = f"{HEAD}Zyraxin,tablets,,Ibuprofen\n"
    upload(page, mine)
    theirs = code_lists.parse(
        ListKind.DRUGS, f"{mine}Zyramol,tablets,,Paracetamol\n".encode()
    )
    version = clinic.write(lambda s: code_lists.compare(s, BOSS, theirs)).version
    clinic.write(lambda s: code_lists.import_list(s, BOSS, theirs, version=version))

    clinic.catch_up(page).button(key="code_lists_take_drugs").click().run()

    assert "Somebody else changed this list in the meantime" in said(page)
    assert "Missing, to be retired: 1" in [each.label for each in page.expander]
    page.button(key="code_lists_take_drugs").click().run()
    assert not page.error
    assert "It has 1, " in said(page)


def test_what_is_chosen_is_found_at_a_visit_and_checked_by_what_is_in_it(clinic, page):
    upload(page, f"{HEAD}Zyradol,tablets,200 mg,Ibuprofen\n")
    page.button(key="code_lists_take_drugs").click().run()
    clinic.write(lambda s: code_lists.choose(s, BOSS, ListKind.DRUGS, ListSource.OWN))
    clinician = clinic.cast[Role.CLINICIAN].id
    patient = clinic.register(allergies=("Naproxen",))
    clinic.write(lambda s: care.assign(s, clinic.clerk, patient.id, clinician))
    visit = clinic.write(
        lambda s: visit_samples.visit(
            s,
            cast.add_doctor(s, user_id=clinician).id,
            patient.id,
            visit_samples.soon(),
            status="checked-in",
            checked_in_at=datetime.now(UTC),
        )
    )

    app = clinic.open("visit", Role.CLINICIAN, visit=visit)
    find = app.selectbox(key="prescription_find")
    assert find.options == ["Zyradol", "Zyradol 200 mg tablets"]
    find.set_value("Zyradol 200 mg tablets").run()

    assert any("the same class: NSAIDs" in element.value for element in app.warning)


def test_a_file_that_is_no_list_is_explained(page):
    upload(page, "drug\nZyrafen\n")

    assert "The file has no column “name”" in page.error[0].value


def test_ones_own_list_cannot_be_chosen_before_there_is_one(page):
    page.query_params["list"] = "diagnoses"
    page.run()
    page.radio(key="code_lists_source_diagnoses").set_value(ListSource.BOTH)
    page.button(key="code_lists_save_diagnoses").click().run()

    assert "no diagnoses of its own yet" in page.error[0].value
