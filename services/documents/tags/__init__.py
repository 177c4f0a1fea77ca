"""Tags of documents: made by an administrator, put on documents by the clinic."""

from services.documents.tags.managing import (
    add_tag as add_tag,
    change_tag as change_tag,
    count_tagged as count_tagged,
    delete_tag as delete_tag,
)
from services.documents.tags.reading import (
    SHOWN_TAGS as SHOWN_TAGS,
    DocumentTag as DocumentTag,
    TagColour as TagColour,
    list_tags as list_tags,
    read_names as read_names,
    spell_out as spell_out,
)
