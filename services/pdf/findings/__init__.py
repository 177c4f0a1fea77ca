"""Looks through a PDF for what might act on its reader's machine."""

from services.pdf.findings.file_bytes import (
    find_in_bytes as find_in_bytes,
    guess as guess,
    has_late_objects as has_late_objects,
)
from services.pdf.findings.objects import (
    find_in_objects as find_in_objects,
    has_double_keys as has_double_keys,
)
