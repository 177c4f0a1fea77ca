"""The refusals that every service shares."""


class ServiceError(Exception):
    """A refusal that the person at the screen can understand and act on."""


class InvalidInput(ServiceError):
    """A value breaks a rule; the message says which and what to type instead."""

    def __init__(self, property_name: str, message: str) -> None:
        super().__init__(message)
        self.property_name = property_name


class NotAllowed(ServiceError):
    """The actor's role does not carry the permission that this needs."""


class NotFound(ServiceError):
    """There is no such thing, or the actor may not know that there is."""


class Conflict(ServiceError):
    """Someone else got there first; other values may still work."""


class Unavailable(ServiceError):
    """A part of the system cannot answer now; trying again later may work."""


class TooOften(ServiceError):
    """A limit is reached; the message says when to try again."""

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
