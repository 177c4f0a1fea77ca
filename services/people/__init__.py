"""The people who may act, how they are managed, and the demo's cast of them."""

from services.people.acting import Addressee, actor_of, find_by_email, get_actor
from services.people.cast import (
    DemoPerson,
    demo_cast,
    demo_people,
    ensure_demo_people,
    is_only_the_cast,
)

__all__ = [
    "Addressee",
    "DemoPerson",
    "actor_of",
    "demo_cast",
    "demo_people",
    "ensure_demo_people",
    "find_by_email",
    "get_actor",
    "is_only_the_cast",
]
