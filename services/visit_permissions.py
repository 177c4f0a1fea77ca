"""What somebody needs to see and to book visits: any, or their own, by their role."""

from services.actors import Actor, Permission, Role


def to_view(actor: Actor) -> Permission:
    """Return what the actor needs to see visits."""
    own = actor.role is Role.PATIENT
    return Permission.VIEW_OWN_VISITS if own else Permission.VIEW_VISITS


def to_book(actor: Actor) -> Permission:
    """Return what the actor needs to book visits and to wait for them."""
    own = actor.role is Role.PATIENT
    return Permission.BOOK_OWN_VISITS if own else Permission.BOOK_VISITS
