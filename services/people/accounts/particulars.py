"""The rules for what is kept about a person who signs in."""

import re
from typing import Final

from email_validator import EmailNotValidError, validate_email

from db.models.base import PHONE_NUMBER
from services.core.errors import InvalidInput
from services.core.typed_text import read_line

MAX_NAME_LENGTH: Final = 100
MAX_EMAIL_LENGTH: Final = 254
_PHONE: Final = re.compile(PHONE_NUMBER)
_SEPARATORS: Final = re.compile(r"[\s().\-/]")


def read_name(typed: str) -> str:
    """Return the name as it is stored, or raise InvalidInput."""
    name = read_line("name", typed, MAX_NAME_LENGTH)
    if not name:
        raise InvalidInput("name", "The name is missing; enter it.")
    return name


def read_email(typed: str) -> str:
    """Return the address as it is stored, or raise InvalidInput."""
    try:
        # Whether mail arrives is found out by sending some.
        address = validate_email(typed.strip(), check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise InvalidInput(
            "email", "The e-mail is not an address; correct it."
        ) from error
    if len(address) > MAX_EMAIL_LENGTH:
        raise InvalidInput("email", "The e-mail address is too long to be one.")
    return address


def spelt_as_kept(typed: str) -> str:
    """Return an address in the spelling that is stored; as typed if it is none.

    Browsers send a domain such as praxis-müller.example in ASCII.
    """
    try:
        return read_email(typed)
    except InvalidInput:
        return typed.strip()


def read_phone_number(typed: str) -> str | None:
    """Return the number as it is stored, None for none, or raise InvalidInput."""
    number = _SEPARATORS.sub("", typed)
    if number and not _PHONE.fullmatch(number):
        raise InvalidInput(
            "phone_number",
            "The phone number must have 10 to 15 digits, with a + before a country "
            "code.",
        )
    return number or None
