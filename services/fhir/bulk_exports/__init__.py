"""Everything at once, by FHIR's Bulk Data Access: asked for, made, fetched, gone."""

from services.fhir.bulk_exports.asking import (
    ask as ask,
    get as get,
    give_up as give_up,
    open_file as open_file,
)
from services.fhir.bulk_exports.groups import (
    find_members as find_members,
    get_group as get_group,
    list_groups as list_groups,
)
from services.fhir.bulk_exports.making import (
    discard as discard,
    expire as expire,
    fail as fail,
    finish as finish,
    is_any_waiting as is_any_waiting,
    note_progress as note_progress,
    remove_leftovers as remove_leftovers,
    take as take,
)
