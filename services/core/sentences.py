"""Sentences of services that carry their message and values apart.

A service writes English, which the API, the command line and tests read as it is. A
screen of another language translates the message, then puts the values in.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, Self


class Sentence(str):
    """An English sentence; `message` has a named field in braces for each value.

    A value that is itself a sentence is translated as well, and a `date` is written as
    its reader writes days (for programs as in ISO 8601); any other value is shown as
    is. Where there are no values a plain string will do: it is its own message.
    """

    __slots__ = ("message", "values")
    message: str
    values: Mapping[str, Any]

    def __new__(cls, message: str, **values: object) -> Self:
        """Put the values into the message."""
        sentence = super().__new__(cls, message.format(**values))
        sentence.message = message
        sentence.values = values
        return sentence

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), self.message, **self.values), ()


class Label(str):
    """An English word that other languages translate differently by context.

    "Other" is one word for a type of documents, and another one for a sex.
    """

    __slots__ = ("context",)
    context: str

    def __new__(cls, word: str, context: str) -> Self:
        """Take the word as it is; programs see only the word."""
        label = super().__new__(cls, word)
        label.context = context
        return label

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.context)


# Writes a sentence in a language; None stands for the clinic's own.
Translate = Callable[[str | None, str], str]


def untranslated(_language: str | None, sentence: str) -> str:
    """Return a sentence in English, whatever its reader's language is."""
    return sentence


def on_day_at(timestamp: datetime) -> Sentence:
    """Return a time to the minute, in its own zone, with its day left to format."""
    return Sentence("{day}, {time}", day=timestamp.date(), time=f"{timestamp:%H:%M}")


def on_day_at_in_utc(timestamp: datetime) -> Sentence:
    """Return a time in UTC to the minute, with its day left to format."""
    return Sentence("{time} UTC", time=on_day_at(timestamp.astimezone(UTC)))


def with_days(sentence: str, write: Callable[[date], str]) -> str:
    """Return the sentence with each of its days formatted by `write`; times stay."""
    if not isinstance(sentence, Sentence):
        return sentence
    written: dict[str, Any] = {}
    for name, value in sentence.values.items():
        match value:
            case Sentence():
                written[name] = with_days(value, write)
            case date() if not isinstance(value, datetime):
                written[name] = write(value)
            case _:
                written[name] = value
    return Sentence(sentence.message, **written)


def joined(separator: str, parts: Iterable[str]) -> Sentence:
    """Return the parts as one sentence, each of which is translated separately."""
    named = {f"part{number}": part for number, part in enumerate(parts)}
    return Sentence(separator.join(f"{{{name}}}" for name in named), **named)
