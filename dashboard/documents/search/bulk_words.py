"""Sentences on how many documents an action changed, in the language of the page."""

from dashboard.ui.language import gettext as _, lowered, ngettext


def counted(count: int) -> str:
    """Return the number of documents as text."""
    return ngettext("{count} document", "{count} documents", count).format(count=count)


def changed(count: int) -> str:
    """Return how many were changed, as a sentence."""
    return ngettext(
        "{count} document changed.", "{count} documents changed.", count
    ).format(count=count)


def tagged(count: int) -> str:
    """Return how many got tags, as a sentence."""
    return ngettext(
        "{count} document tagged.", "{count} documents tagged.", count
    ).format(count=count)


def marked_as(mark: str, count: int) -> str:
    """Return how many were marked, and as what, as a sentence."""
    return ngettext(
        "{count} document marked as {mark}.",
        "{count} documents marked as {mark}.",
        count,
    ).format(count=count, mark=lowered(_(mark)))


def filed(count: int) -> str:
    """Return how many were filed to a patient, as a sentence."""
    return ngettext(
        "{count} document filed to the patient.",
        "{count} documents filed to the patient.",
        count,
    ).format(count=count)


def held(count: int) -> str:
    """Return how many were put on legal hold, as a sentence."""
    return ngettext(
        "{count} document on legal hold.", "{count} documents on legal hold.", count
    ).format(count=count)


def deleted(count: int) -> str:
    """Return how many were deleted, as a sentence."""
    return ngettext(
        "{count} document deleted.", "{count} documents deleted.", count
    ).format(count=count)
