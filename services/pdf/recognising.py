"""The process that recognises text in pictures of pages: a zygote with models loaded.

The models come with RapidOCR, are loaded once and before any file is there, and are
shared by the forked readers. See docs/decisions/0057-words-in-pictures.md.
"""

import itertools
import json
import os
import sys
from collections.abc import Iterator
from typing import Any, Final

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from rapidocr import RapidOCR
from rapidocr.utils.output import RapidOCROutput

from services.pdf import reading, zygote
from services.pdf.wire import Request

# One thread each: people's pages come first, and a forked process has no others.
_SETTINGS: Final = {
    "Global.log_level": "critical",
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    # So that a line alone on its page is found, too.
    "Det.limit_type": "max",
    "Det.limit_side_len": 1600,
    "Det.box_thresh": 0.3,
}
_NICE: Final = 10
_MAX_WORDS: Final = 5_000
_MAX_WORD: Final = 200
# A word, and its left and top side, width, height, and what comes after it.
_Word = tuple[str, float, float, float, float, str]


class _Recogniser:
    def __init__(self) -> None:
        cv2.setNumThreads(1)
        self._models = RapidOCR(params=_SETTINGS)

    def answer(self, request: Request, file: int) -> bytes:
        """Return the words on a page as JSON, or raise Refused."""
        picture, width, height = reading.draw(file, request.page, request.width)
        words = list(itertools.islice(self.words_in(picture), _MAX_WORDS))
        return json.dumps({"width": width, "height": height, "words": words}).encode()

    def words_in(self, picture: Image.Image) -> Iterator[_Word]:
        """Yield the words of a picture, line by line from its top."""
        output = self._models(np.asarray(picture.convert("RGB")))
        if not isinstance(output, RapidOCROutput) or not output.txts:
            return
        assert output.boxes is not None  # noqa: S101 (each text has one)
        for corners, text in zip(output.boxes, output.txts, strict=True):
            yield from _words_of(text, corners / picture.size)


def _words_of(line: str, corners: Any) -> Iterator[_Word]:
    """Yield the words of a line, dividing its width by their numbers of letters."""
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    left, top, right, bottom = (
        float(np.clip(n, 0, 1)) for n in (left, top, right, bottom)
    )
    words = [word[:_MAX_WORD] for word in line.split()]
    letters, before = len(" ".join(words)), 0
    for place, word in enumerate(words, start=1):
        begin = left + (right - left) * before / letters
        width = (right - left) * len(word) / letters
        after = "\n" if place == len(words) else " "
        yield word, begin, top, width, bottom - top, after
        before += len(word) + 1


def _sample() -> Image.Image:
    picture = Image.new("RGB", (640, 160), "white")
    font = ImageFont.load_default(48)
    ImageDraw.Draw(picture).text((40, 50), "Seen on 3 May", "black", font)
    return picture


def main() -> None:
    """Serve at the socket whose descriptor is the first argument."""
    os.nice(_NICE)
    recogniser = _Recogniser()
    # Loads everything that is loaded on first use: later no file may be opened.
    if not list(recogniser.words_in(_sample())):
        raise RuntimeError("the models read nothing")
    zygote.serve(int(sys.argv[1]), recogniser.answer)


if __name__ == "__main__":
    main()
