"""Fields of documents that an administrator defines, and the values in them."""

from services.documents.fields.defining import (
    add_field as add_field,
    archive_field as archive_field,
    change_field as change_field,
    restore_field as restore_field,
)
from services.documents.fields.filling import (
    fill as fill,
    find_readable as find_readable,
    read_values as read_values,
)
from services.documents.fields.model import (
    KIND_LABELS as KIND_LABELS,
    LONGEST_NAME as LONGEST_NAME,
    LONGEST_TEXT as LONGEST_TEXT,
    LONGEST_UNIT as LONGEST_UNIT,
    PREFIX as PREFIX,
    DocumentField as DocumentField,
    FieldDefinition as FieldDefinition,
    FieldKind as FieldKind,
    FieldValue as FieldValue,
)
from services.documents.fields.reading import (
    SHOWN_VALUES as SHOWN_VALUES,
    list_fields as list_fields,
    read_fields as read_fields,
)
