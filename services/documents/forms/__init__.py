"""Documents made from forms."""

from services.core.drafting import DraftsUnreachable as DraftsUnreachable
from services.core.errors import Problem as Problem
from services.documents.forms.checking import (
    InvalidForm as InvalidForm,
    checked as checked,
)
from services.documents.forms.clinic import Clinic as Clinic
from services.documents.forms.drafts import (
    Draft as Draft,
    SavedDraft as SavedDraft,
    discard_draft as discard_draft,
    list_drafts as list_drafts,
    save_draft as save_draft,
)
from services.documents.forms.fields import (
    Form as Form,
    FormField as FormField,
    FormFieldKind as FormFieldKind,
    Value as Value,
)
from services.documents.forms.generating import (
    filename_of as filename_of,
    generate as generate,
)
from services.documents.forms.template import Template as Template
from services.documents.forms.templates import (
    TEMPLATES as TEMPLATES,
    template_for as template_for,
    templates_for as templates_for,
)
from services.documents.forms.wording import ENGLISH as ENGLISH, Wording as Wording
