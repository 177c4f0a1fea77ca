"""English sentences that were kept as text, in the language of the page.

Background jobs write plain English, and their readers come later. A sentence is
recognised by its message, and its values are put into the translation.
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
    using_language,
)
from services.core.sentences import Sentence

# A server's name has letters, and a position in the log has a slash: neither matches.
_NUMBER: Final = re.compile(r"\d+\.\d+")


class SentenceTranslator:
    """Sentences with values that one domain keeps.

    If several messages fit, the first counts.
    """

    def __init__(self, messages: Iterable[str]) -> None:
        self._messages = tuple(messages)

    def translate(self, sentence: str) -> str:
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

    def translate_all(self, sentences: Iterable[str]) -> list[str]:
        """Return several, as `translate` does; asks the page for its language once."""
        with using_language(current_language()):
            return [self.translate(sentence) for sentence in sentences]

    def _value_text(self, value: str) -> str:
        """Return a sentence's value; a number with the language's decimal mark."""
        if _NUMBER.fullmatch(value):
            return decimal(float(value), len(value.partition(".")[2]))
        return self.translate(value)


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
    # A server's name is one word; otherwise "nobody leads" would be taken for a
    # server's act.
    return r"\S+" if name == "server" else ".+?"
