"""The permissions to see and to book visits, and to do so against the rules."""

from services.core import reasons
from services.core.actors import Actor, Permission, Role


def view_permission(actor: Actor) -> Permission:
    """Return the permission that the actor needs to see visits."""
    own = actor.role is Role.PATIENT
    return Permission.VIEW_OWN_VISITS if own else Permission.VIEW_VISITS


def require_view(actor: Actor) -> None:
    """Raise NotAllowed unless the actor may see visits, or their own."""
    actor.require(view_permission(actor))


def book_permission(actor: Actor) -> Permission:
    """Return the permission that the actor needs to book visits or wait for them."""
    own = actor.role is Role.PATIENT
    return Permission.BOOK_OWN_VISITS if own else Permission.BOOK_VISITS


def read_override(actor: Actor, typed: str | None) -> str | None:
    """Return the reason for booking against the rules, or None.

    Raises InvalidInput, NotAllowed.
    """
    if typed is None:
        return None
    actor.require(Permission.OVERRIDE_BOOKING)
    return reasons.read(typed)
