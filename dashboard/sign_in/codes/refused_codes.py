"""Why a code was refused, in words."""

from dashboard.ui.language import gettext as _, ngettext


def why_refused(tries_left: int, *, was_tried_too_often: bool, again: str) -> str:
    """Return the sentences; `again` says how to get a new code.

    Nobody's code is counted in the same way, so they reveal no account.
    """
    if was_tried_too_often:
        said = _(
            "A wrong code was entered five times, so this code is no longer valid."
        )
        return f"{said} {again}"
    if tries_left == 0:
        return f"{_('This code has expired.')} {again}"
    return ngettext(
        "Wrong code. You have one try left.",
        "Wrong code. You have {tries} tries left.",
        tries_left,
    ).format(tries=tries_left)
