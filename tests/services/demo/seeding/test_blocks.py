"""Invented people are believable, reproducible, and nobody real."""

import re
from collections import Counter
from datetime import date

import pytest

from services.demo.seeding import blocks
from services.demo.seeding.illnesses import ILLNESSES

TODAY = date(2026, 11, 20)


def people(first, last, *, seed_number=1):
    return [
        dict(zip(blocks.COLUMNS, line.removesuffix("\n").split("\t"), strict=True))
        for line in blocks.lines(seed_number, first, last, TODAY)
    ]


def terms(literal):
    return set(re.findall(r'"([^"]+)"', literal))


def age(person):
    return 2025 - int(person["date_of_birth"][:4])


@pytest.fixture(scope="module")
def clinic():
    return people(0, 10_000)


def share(clinic, term, *, above=0, below=200):
    chosen = [person for person in clinic if above <= age(person) < below]
    return sum(term in terms(p["medical_history"]) for p in chosen) / len(chosen)


def test_the_same_seed_number_gives_the_same_people():
    assert people(0, 300) == people(0, 300)


def test_another_seed_number_gives_other_people():
    assert people(0, 300, seed_number=1) != people(0, 300, seed_number=2)


@pytest.mark.parametrize(("first", "last"), [(0, 400), (120, 5_600), (4_999, 5_001)])
def test_a_part_of_the_clinic_is_the_same_however_it_is_cut(clinic, first, last):
    assert people(first, last) == clinic[first:last]


def test_people_get_ill_with_age(clinic):
    assert share(clinic, "Hypertension", below=18) < 0.02
    assert share(clinic, "Hypertension", above=70) > 0.3
    assert share(clinic, "Cataract", above=75) > 5 * share(clinic, "Cataract", below=60)


@pytest.mark.parametrize("sex", ["female", "male"])
def test_nobody_has_an_illness_of_the_other_sex(clinic, sex):
    others = {ill.name for ill in ILLNESSES if ill.sex not in {None, sex}}

    having = [p for p in clinic if p["sex"] == sex]
    assert others
    assert not any(terms(person["medical_history"]) & others for person in having)


def test_medications_belong_to_an_illness_that_somebody_has(clinic):
    treats = {
        medication: {ill.name for ill in ILLNESSES if medication in ill.medications}
        for ill in ILLNESSES
        for medication in ill.medications
    }
    replacements = {"Clopidogrel 75 mg", "Paracetamol 500 mg", "Bumetanide 1 mg"}

    for person in clinic:
        for medication in terms(person["current_medications"]) - replacements:
            assert treats[medication] & terms(person["medical_history"])


def test_nobody_takes_what_they_are_allergic_to(clinic):
    allergic = [p for p in clinic if "Aspirin" in terms(p["allergies"])]

    assert allergic
    assert not any("Aspirin" in person["current_medications"] for person in allergic)


def test_only_who_has_no_allergies_says_so(clinic):
    saying = [p for p in clinic if p["no_known_allergies"] == "t"]

    assert saying
    assert {person["allergies"] for person in saying} == {"{}"}


def test_families_share_a_name_and_an_address(clinic):
    homes: dict[str, list[str]] = {}
    for person in clinic:
        homes.setdefault(person["address"], []).append(person["last_name"])
    homes.pop(r"\N")

    families = [names for names in homes.values() if len(names) > 2]
    united = [names for names in families if Counter(names).most_common(1)[0][1] > 1]
    assert len(families) > 300
    assert len(united) > 0.9 * len(families)


def test_most_can_be_reached_and_nobody_in_no_way(clinic):
    reachable_by = Counter(
        (person["email"] != r"\N", person["phone_number"] != r"\N") for person in clinic
    )

    assert reachable_by[True, True] > 0.4 * len(clinic)
    assert reachable_by[True, False] > 0
    assert reachable_by[False, True] > 0
    # Somebody who was registered twice by mistake may have neither.
    assert reachable_by[False, False] < 0.002 * len(clinic)


def test_no_contact_belongs_to_anybody_real(clinic):
    for person in clinic:
        assert re.fullmatch(r"\\N|.+@example\.(com|net|org)", person["email"])
        assert re.fullmatch(r"\\N|(0|\+44)1632[0-9]{6}", person["phone_number"])


def test_some_people_are_registered_twice_with_a_slip(clinic):
    by_phone: dict[str, list[dict[str, str]]] = {}
    for person in clinic:
        by_phone.setdefault(person["phone_number"], []).append(person)
    by_phone.pop(r"\N")

    def is_a_slip(left, right):
        same = [
            left[k] == right[k] for k in ("first_name", "last_name", "date_of_birth")
        ]
        return same.count(False) == 1 and left["address"] == right["address"]

    slips = sum(
        is_a_slip(group[0], other) for group in by_phone.values() for other in group[1:]
    )
    assert 0.003 < slips / len(clinic) < 0.02


def test_names_have_letters_of_other_countries(clinic):
    names = "".join(person["first_name"] + person["last_name"] for person in clinic)

    assert set("éłüñ") <= set(names)


def test_records_were_made_and_changed_in_order_and_in_opening_hours(clinic):
    for person in clinic:
        assert person["date_of_birth"] <= person["created_at"] <= person["updated_at"]
        assert person["updated_at"] < "2026-11-20"
        assert "08:00:00" <= person["created_at"][11:19] < "18:00:00"
