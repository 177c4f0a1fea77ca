"""Making documents from forms."""

from services.authoring.checking import (
    InvalidForm,
    checked,
    missing_characters,
)
from services.authoring.clinic import Clinic
from services.authoring.drafts import (
    Draft,
    SavedDraft,
    discard_draft,
    list_drafts,
    save_draft,
)
from services.authoring.fields import Form, FormField, FormFieldKind, Value
from services.authoring.generating import generate
from services.authoring.template import Template
from services.authoring.templates import TEMPLATES
from services.drafting import DraftsNotReached
from services.errors import Problem

__all__ = [
    "TEMPLATES",
    "Clinic",
    "Draft",
    "DraftsNotReached",
    "Form",
    "FormField",
    "FormFieldKind",
    "InvalidForm",
    "Problem",
    "SavedDraft",
    "Template",
    "Value",
    "checked",
    "discard_draft",
    "generate",
    "list_drafts",
    "missing_characters",
    "save_draft",
]
