"""What is written to the log, and how values of patients are kept out of it."""

import logging
import traceback
from collections.abc import Mapping
from typing import Any, Final

_FORMAT: Final = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_CHATTY: Final = ("httpx", "httpcore", "pymongo", "alembic", "PIL", "asyncio")

_make_record = logging.getLogRecordFactory()


def configure(level: int = logging.INFO) -> None:
    """Log to standard error, from every library, without exceptions' messages."""
    logging.basicConfig(level=level, format=_FORMAT, force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    keep_messages_out()


def keep_messages_out() -> None:
    """Show of every logged exception its kind and where it was raised, nothing else.

    A constraint's error quotes the whole row ("Failing row contains (Ada, ...)"), and
    libraries log such errors on their own. A record factory reaches all of them,
    whatever handlers they bring.
    """
    logging.setLogRecordFactory(_record_without_messages)


def describe(error: BaseException) -> str:
    """Say what kind of error it is and through which lines it came."""
    lines = [
        f"  {frame.filename}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    cause = error.__cause__ or error.__context__
    because = [f"because of {describe(cause)}"] if cause is not None else []
    return "\n".join([kind, *lines, *because])


def _record_without_messages(*args: Any, **kwargs: Any) -> logging.LogRecord:
    record = _make_record(*args, **kwargs)
    if record.exc_info and record.exc_info[1] is not None:
        # A formatter renders exc_info only where this text is not set yet.
        record.exc_text = describe(record.exc_info[1])
        if isinstance(record.msg, BaseException):
            record.msg = type(record.msg).__name__
    if record.args:
        record.args = _without_exceptions(record.args)
    return record


def _without_exceptions(
    args: tuple[object, ...] | Mapping[str, object],
) -> tuple[object, ...] | Mapping[str, object]:
    if isinstance(args, Mapping):
        return {name: _kind_of(value) for name, value in args.items()}
    return tuple(_kind_of(value) for value in args)


def _kind_of(value: object) -> object:
    return type(value).__name__ if isinstance(value, BaseException) else value
