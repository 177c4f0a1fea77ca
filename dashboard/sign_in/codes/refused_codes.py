"""Why a code was refused, in words."""

from dashboard.ui.language import gettext as _, ngettext
from services.people.sign_in.codes import RefusedCode


def why_no_code() -> str:
    """Return the sentence about what is no code, and costs no try."""
    return _("A code has six digits. Check it and try again.")


def why_refused(refused: RefusedCode, *, again: str) -> str:
    """Return the sentences; `again` says how to get a new code.

    Nobody's code is counted in the same way, so they reveal no account.
    """
    if refused.was_tried_too_often:
        said = _(
            "A wrong code was entered five times, so this code is no longer valid."
        )
        return f"{said} {again}"
    if refused.tries_left == 0:
        return f"{_('This code has expired.')} {again}"
    return ngettext(
        "Wrong code. You have one try left.",
        "Wrong code. You have {tries} tries left.",
        refused.tries_left,
    ).format(tries=refused.tries_left)
