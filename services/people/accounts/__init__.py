"""The people who may act, how they are managed, and the demo's cast of them."""

from services.people.accounts.active_accounts import (
    Addressee as Addressee,
    choose_display as choose_display,
    choose_language as choose_language,
    find_by_email as find_by_email,
    find_email as find_email,
    get_actor as get_actor,
)
from services.people.accounts.addresses import (
    AddressTaken as AddressTaken,
    translate_taken_address as translate_taken_address,
)
from services.people.accounts.listing import (
    AccountStatus as AccountStatus,
    NoSuchPerson as NoSuchPerson,
    Person as Person,
    get_person as get_person,
    list_people as list_people,
)
from services.people.accounts.managing import (
    COLLEAGUES as COLLEAGUES,
    SUBJECT as SUBJECT,
    LastAdmin as LastAdmin,
    OwnSignIn as OwnSignIn,
    Particulars as Particulars,
    change_particulars as change_particulars,
    change_role as change_role,
    deactivate_sign_in as deactivate_sign_in,
    is_another_admin_left as is_another_admin_left,
    reactivate as reactivate,
    reset_passkeys as reset_passkeys,
)
from services.people.sessions import actor_of as actor_of
