"""A file's own key, and the streams that encrypt and decrypt with it."""

from dataclasses import dataclass
from io import RawIOBase
from typing import IO, Final

import tink
from tink import (
    proto_keyset_format,
    secret_key_access,
    streaming_aead,
)
from tink.proto import aes_gcm_hkdf_streaming_pb2, common_pb2, tink_pb2

# Each segment is encrypted and verified as a whole. Segments of 64 KiB cost a small
# file little memory and a large one no time: see
# docs/decisions/0011-encrypted-files.md.
SEGMENT: Final = 64 * 1024
_KEY_BYTES: Final = 32

streaming_aead.register()


class NotDecrypted(Exception):
    """The bytes are not what was encrypted."""


@dataclass(frozen=True, slots=True)
class FileCipher:
    """The key of one file; it opens that file and no other."""

    key: bytes
    _streams: streaming_aead.StreamingAead

    @classmethod
    def new(cls) -> "FileCipher":
        """Return a cipher with a new key."""
        handle = tink.new_keyset_handle(_TEMPLATE)
        key = proto_keyset_format.serialize(handle, secret_key_access.TOKEN)
        return cls(key, handle.primitive(streaming_aead.StreamingAead))

    @classmethod
    def of(cls, key: bytes) -> "FileCipher":
        """Return the cipher of an existing key; raises NotDecrypted if it is no key."""
        try:
            handle = proto_keyset_format.parse(key, secret_key_access.TOKEN)
            return cls(key, handle.primitive(streaming_aead.StreamingAead))
        except tink.TinkError as error:
            raise NotDecrypted from error

    def encrypting(self, sink: RawIOBase, bound_to: bytes) -> IO[bytes]:
        """Return a stream that writes what it is given to the sink, encrypted.

        Closing it writes the last segment, and closes the sink.
        """
        stream: IO[bytes] = self._streams.new_encrypting_stream(sink, bound_to)
        return stream

    def decrypting(self, source: RawIOBase, bound_to: bytes) -> IO[bytes]:
        """Return a stream that decrypts the source; reading raises tink.TinkError."""
        stream: IO[bytes] = self._streams.new_decrypting_stream(source, bound_to)
        return stream


def _template() -> tink_pb2.KeyTemplate:
    """Return a template for keys like AES256_GCM_HKDF_1MB's, with smaller segments."""
    about = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKeyFormat(
        key_size=_KEY_BYTES,
        params=aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingParams(
            ciphertext_segment_size=SEGMENT,
            derived_key_size=_KEY_BYTES,
            hkdf_hash_type=common_pb2.HashType.SHA256,
        ),
    )
    return tink_pb2.KeyTemplate(
        type_url="type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey",
        value=about.SerializeToString(),
        output_prefix_type=tink_pb2.OutputPrefixType.RAW,
    )


_TEMPLATE: Final = _template()
