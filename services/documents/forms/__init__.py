"""Making documents from forms."""

from services.core.drafting import DraftsNotReached
from services.core.errors import Problem
from services.documents.forms.checking import InvalidForm, checked, missing_characters
from services.documents.forms.clinic import Clinic
from services.documents.forms.drafts import (
    Draft,
    SavedDraft,
    discard_draft,
    list_drafts,
    save_draft,
)
from services.documents.forms.fields import Form, FormField, FormFieldKind, Value
from services.documents.forms.generating import generate
from services.documents.forms.template import Template
from services.documents.forms.templates import TEMPLATES

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
