"""The log: one JSON object per line, without values of patients."""

import logging
import traceback
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

import structlog

_CHATTY: Final = (
    "httpx",
    "httpcore",
    "pymongo",
    "alembic",
    "PIL",
    "asyncio",
    # Logs a hundred lines per PDF, among them all letters that are in it.
    "fontTools",
    # Log each job, some 6,000 a day, when it is planned and begins; its end is enough.
    "procrastinate.periodic",
    "procrastinate.worker.worker",
    # Logs every websocket with its full address.
    "uvicorn.error",
)
# Libraries quote what they were sent, which may be a whole message of 25 MB.
_MOST_CHARACTERS: Final = 10_000
_WITH_HANDLERS: Final = ("streamlit", "uvicorn")

_make_record = logging.getLogRecordFactory()


def configure() -> None:
    """Log to standard error, from every library, without exceptions' messages."""
    handler = logging.StreamHandler()
    handler.setFormatter(formatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    omit_exception_messages()


def adopt() -> None:
    """Have libraries with handlers of their own log like all others.

    Streamlit gives its own loggers, and uvicorn's, separate handlers when it is set up.
    """
    for name, logger in logging.root.manager.loggerDict.items():
        is_theirs = name.partition(".")[0] in _WITH_HANDLERS
        if is_theirs and isinstance(logger, logging.Logger):
            logger.handlers.clear()
            logger.propagate = True


def formatter() -> logging.Formatter:
    """Return what formats any log record as JSON, with the id of its request.

    JSON keeps each entry on one line: what somebody sent cannot pose as another entry.
    """
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _tell_exceptions_kind,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )


def omit_exception_messages() -> None:
    """Log of every exception its kind and where it was raised, nothing else.

    A constraint's error quotes the whole row ("Failing row contains (Ada, ...)"), and
    libraries log such errors on their own. A record factory reaches all of them,
    whatever handlers they install.
    """
    logging.setLogRecordFactory(_record_without_messages)


def describe(error: BaseException) -> str:
    """Return the kind of an error and the lines through which it came."""
    lines = [
        f"  {frame.filename}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    cause = error.__cause__ or error.__context__
    because = [f"because of {describe(cause)}"] if cause is not None else []
    return "\n".join([kind, *lines, *because])


def _tell_exceptions_kind(
    logger: Any, method: str, entry: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    del logger, method
    error = (entry.pop("exc_info", None) or (None, None))[1]
    if isinstance(error, BaseException):
        entry["exception"] = describe(error)
    return entry


def _record_without_messages(*args: Any, **kwargs: Any) -> logging.LogRecord:
    record = _make_record(*args, **kwargs)
    if record.exc_info and record.exc_info[1] is not None:
        # A formatter renders exc_info only if this text is not set yet.
        record.exc_text = describe(record.exc_info[1])
        if isinstance(record.msg, BaseException):
            record.msg = type(record.msg).__name__
    record.msg = _shortened(record.msg)
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
    return (
        type(value).__name__ if isinstance(value, BaseException) else _shortened(value)
    )


def _shortened(value: object) -> object:
    return value[:_MOST_CHARACTERS] if isinstance(value, str) else value
