"""Bulk exports, by FHIR's Bulk Data Access: requested, made, fetched, removed."""

from services.fhir.bulk_exports.asking import (
    ask as ask,
    get as get,
    give_up as give_up,
    open_file as open_file,
)
from services.fhir.bulk_exports.granting import (
    grant as grant,
    list_grants as list_grants,
    list_people_with_groups as list_people_with_groups,
    list_saved_groups as list_saved_groups,
    list_systems_with as list_systems_with,
    withdraw as withdraw,
)
from services.fhir.bulk_exports.groups import (
    find_members as find_members,
    get_granted as get_granted,
    get_group as get_group,
    list_granted as list_granted,
    list_groups as list_groups,
)
from services.fhir.bulk_exports.making import (
    discard as discard,
    expire as expire,
    fail as fail,
    finish as finish,
    is_any_waiting as is_any_waiting,
    note_progress as note_progress,
    put_off as put_off,
    remove_leftovers as remove_leftovers,
    take as take,
)
