"""Making documents from forms."""

from services.authoring.checking import (
    InvalidForm,
    Problem,
    checked,
    missing_characters,
)
from services.authoring.fields import Field, Form, Kind, Value
from services.authoring.generating import generate
from services.authoring.sheet import Clinic
from services.authoring.template import Template
from services.authoring.templates import TEMPLATES

__all__ = [
    "TEMPLATES",
    "Clinic",
    "Field",
    "Form",
    "InvalidForm",
    "Kind",
    "Problem",
    "Template",
    "Value",
    "checked",
    "generate",
    "missing_characters",
]
