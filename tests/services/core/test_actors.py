"""Actors without a sign-in have an id and a name of their own, all in one table."""

import re
from pathlib import Path
from uuid import UUID

from services.core import actors
from services.core.actors import Actor

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("api", "dashboard", "db", "jobs", "pages", "services")
OWN = [each for each in vars(actors).values() if isinstance(each, Actor)]
_OWN_ID = re.compile(r"0198c0de-1427-7000-8000-[0-9a-f]{12}")


def test_no_two_of_the_systems_own_actors_have_one_id_or_one_name():
    assert len({each.id for each in OWN}) == len(OWN)
    assert len({each.name for each in OWN}) == len(OWN)


def test_ids_like_theirs_that_stand_elsewhere_are_none_of_theirs():
    elsewhere = [
        UUID(own_id)
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        for own_id in _OWN_ID.findall(path.read_text(encoding="utf-8"))
    ]

    # At least the clinic's own id: the pattern matches ids.
    assert elsewhere
    assert not {each.id for each in OWN}.intersection(elsewhere)
    assert len(set(elsewhere)) == len(elsewhere)
