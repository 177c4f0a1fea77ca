"""Sentences of services that carry their message and values apart.

A service writes English, and is read as that by the API, the command line and tests. A
screen of another language translates the message, then puts the values in.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Self


class Sentence(str):
    """An English sentence; `message` has a named field in braces for each value.

    A value that is a sentence itself is translated as well, any other is shown as is.
    Without values a plain string does: it is its own message.
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
    """An English word for which other languages have several, with its context.

    "Other" is one word for a type of documents, and another one for a sex.
    """

    __slots__ = ("context",)
    context: str

    def __new__(cls, word: str, context: str) -> Self:
        """Take the word as it is; programs see nothing else."""
        label = super().__new__(cls, word)
        label.context = context
        return label

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.context)


def joined(separator: str, parts: Iterable[str]) -> Sentence:
    """Return the parts as one sentence, each of them translated by itself."""
    named = {f"part{number}": part for number, part in enumerate(parts)}
    return Sentence(separator.join(f"{{{name}}}" for name in named), **named)
