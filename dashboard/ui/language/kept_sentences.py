"""English sentences that were kept as text, told in the language of the page.

What runs in the background writes plain English, and its readers come later. A sentence
is recognised by its message, and its values are put into the translation.
"""

import re
from collections.abc import Iterable
from functools import cache
from string import Formatter
from typing import Final

from dashboard.ui.language import (
    ENGLISH,
    current_language,
    decimal,
    filled,
    gettext as _,
    speaking,
)
from services.core.sentences import Sentence

# A name of a server has letters, and a place in the log a stroke: neither is one.
_NUMBER: Final = re.compile(r"\d+\.\d+")


class KeptSentences:
    """Sentences with values that one domain keeps.

    Of two messages that fit the first counts.
    """

    def __init__(self, messages: Iterable[str]) -> None:
        self._messages = tuple(messages)

    def retold(self, sentence: str) -> str:
        """Return a kept sentence in the language of the page; as it is if unknown."""
        if isinstance(sentence, Sentence):
            values = {
                name: self._value_text(value) if isinstance(value, str) else value
                for name, value in sentence.values.items()
            }
            return filled(_(sentence.message), values)
        if current_language() == ENGLISH:
            return sentence
        for message in self._messages:
            if match := _pattern(message).fullmatch(sentence):
                texts = {
                    n: self._value_text(value) for n, value in match.groupdict().items()
                }
                return _(message).format(**texts)
        return _(sentence)

    def retold_all(self, sentences: Iterable[str]) -> list[str]:
        """Return many, as `retold`; the page is asked once for its language."""
        with speaking(current_language()):
            return [self.retold(sentence) for sentence in sentences]

    def _value_text(self, value: str) -> str:
        """Return a value of a sentence; a number with the point of the language."""
        if _NUMBER.fullmatch(value):
            return decimal(float(value), len(value.partition(".")[2]))
        return self.retold(value)


@cache
def _pattern(message: str) -> re.Pattern[str]:
    return re.compile(
        "".join(
            re.escape(literal) + (f"(?P<{name}>{_value(name)})" if name else "")
            for literal, name, *_spec in Formatter().parse(message)
        ),
        re.DOTALL,
    )


def _value(name: str) -> str:
    # A server's name is one word, or "nobody leads" would be a server's doing.
    return r"\S+" if name == "server" else ".+?"
