"""Names of files in multipart forms: what browsers escape there is undone."""

import re
from typing import Final

# By HTML's rules for `multipart/form-data`, and only these: a browser leaves every
# other percent sign of a name as it is.
_ESCAPED: Final = {"%22": '"', "%0d": "\r", "%0a": "\n"}
_ESCAPES: Final = re.compile("|".join(_ESCAPED), re.IGNORECASE)


def unescape_form_name(name: str) -> str:
    """Return the name of a file as its sender has it.

    What is unescaped already stays the same.
    """
    return _ESCAPES.sub(lambda escape: _ESCAPED[escape[0].lower()], name)
