"""Checks one file in a process with limited resources, then ends.

Standard input is the certificates that count in PEM, as many bytes as the argument
says, and then the file; standard output is the result as JSON.
"""

import resource
import sys
from typing import Final

from cryptography import x509

from services.pdf.signing.checking import SIGNATURE
from services.pdf.signing.pades import check

_MEMORY_BYTES: Final = 1 << 30
_SECONDS: Final = 15


def main() -> None:
    """Check the file on standard input."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    known_bytes = int(sys.argv[1])
    given = sys.stdin.buffer.read()
    known, pdf = given[:known_bytes], given[known_bytes:]
    certificates = x509.load_pem_x509_certificates(known) if known else []
    sys.stdout.buffer.write(SIGNATURE.dump_json(check(pdf, certificates)))


if __name__ == "__main__":
    main()
