"""The people who may act, how they are managed, and the demo's cast of them."""

from services.people.accounts.acting import (
    Addressee,
    actor_of,
    find_by_email,
    get_actor,
)
from services.people.accounts.addresses import AddressTaken, unless_taken
from services.people.accounts.cast import (
    DemoPerson,
    demo_cast,
    demo_people,
    ensure_demo_people,
    is_only_the_cast,
    retire_demo_people,
)
from services.people.accounts.listing import (
    AccountStatus,
    NoSuchPerson,
    Person,
    get_person,
    list_people,
)
from services.people.accounts.managing import (
    COLLEAGUES,
    SUBJECT,
    LastAdmin,
    OwnSignIn,
    Particulars,
    change_particulars,
    change_role,
    deactivate_sign_in,
    reactivate,
    reset_passkeys,
    void_invitations,
)
from services.people.accounts.particulars import read_email, read_name

__all__ = [
    "COLLEAGUES",
    "SUBJECT",
    "AccountStatus",
    "AddressTaken",
    "Addressee",
    "DemoPerson",
    "LastAdmin",
    "NoSuchPerson",
    "OwnSignIn",
    "Particulars",
    "Person",
    "actor_of",
    "change_particulars",
    "change_role",
    "deactivate_sign_in",
    "demo_cast",
    "demo_people",
    "ensure_demo_people",
    "find_by_email",
    "get_actor",
    "get_person",
    "is_only_the_cast",
    "list_people",
    "reactivate",
    "read_email",
    "read_name",
    "reset_passkeys",
    "retire_demo_people",
    "unless_taken",
    "void_invitations",
]
