"""Bearer tokens, with which programs act: for a service, or for one person."""

from services.people.tokens.bearing import Bearer, find, find_actor, note_use
from services.people.tokens.issuing import (
    DEFAULT_LIFETIME,
    LONGEST_LIFETIME,
    MAX_NAME_LENGTH,
    SUBJECT,
    issue,
    issue_for_program,
    issue_own,
    list_own,
    list_tokens,
    revoke,
)
from services.people.tokens.records import Token, is_well_formed, scopes_of

__all__ = [
    "DEFAULT_LIFETIME",
    "LONGEST_LIFETIME",
    "MAX_NAME_LENGTH",
    "SUBJECT",
    "Bearer",
    "Token",
    "find",
    "find_actor",
    "is_well_formed",
    "issue",
    "issue_for_program",
    "issue_own",
    "list_own",
    "list_tokens",
    "note_use",
    "revoke",
    "scopes_of",
]
