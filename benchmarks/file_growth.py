"""Files in and out by size, and while the store grows: our own figures, without a peer.

Run as `python -m benchmarks.file_growth [GIGABYTES]`; CHARTROOM_TEST_CLUSTER names a
cluster to use. Files are random bytes, which nothing compresses, encrypted as all are.
docs/decisions/0034-files-stay-in-gridfs.md rests on it.
"""

import os
import random
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final, TypeVar

from pymongo import MongoClient

from benchmarks.fresh import endpoints
from db.files.file_keys import FileKeys
from db.files.gridfs import Bucket, FileStore

T = TypeVar("T")
MB: Final = 1_000_000
SIZES: Final = ((MB // 10, 30), (MB, 20), (5 * MB, 10), (20 * MB, 6), (50 * MB, 4))
_BUCKET: Final = Bucket.DOCUMENTS
_READ_AT_RANDOM: Final = 200


def main() -> None:
    """Print the figures."""
    gigabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with TemporaryDirectory() as folder, endpoints() as fresh:
        keys = FileKeys(Path(folder) / "file.keys", may_be_made=True)
        with closing(FileStore(fresh.mongo_url, keys=keys)) as files:
            by_size(files)
            by_growth(files, gigabytes)
            read_through(fresh.mongo_url)


def by_size(files: FileStore) -> None:
    """Store files of each size and read them back."""
    for size, times in SIZES:
        puts, gets = [], []
        for _ in range(times):
            data = os.urandom(size)
            file_id, taken = _timed(lambda data=data: _put(files, data))
            puts.append(taken)
            gets.append(_timed(lambda file_id=file_id: files.get(_BUCKET, file_id))[1])
        print(f"{size / MB} MB: put {_timing(puts, size)}, get {_timing(gets, size)}")


def by_growth(files: FileStore, gigabytes: int) -> None:
    """Store one gigabyte after another in files of a megabyte; read some of all."""
    ids: list[str] = []
    for number in range(1, gigabytes + 1):
        puts = []
        for _ in range(1000):
            data = os.urandom(MB)
            file_id, taken = _timed(lambda data=data: _put(files, data))
            ids.append(file_id)
            puts.append(taken)
        gets = [
            _timed(lambda file_id=file_id: files.get(_BUCKET, file_id))[1]
            for file_id in random.sample(ids, _READ_AT_RANDOM)
        ]
        stored = files.state().stored_bytes / MB / 1000
        print(f"{number} GB, {stored:.2f} GB on the disk:")
        print(f"  put {_timing(puts, MB)}, get {_timing(gets, MB)}")


def read_through(mongo_url: str) -> None:
    """Read everything once, as a member does that is copied again."""
    with MongoClient[dict[str, bytes]](mongo_url) as client:
        chunks = client["chartroom"][f"{_BUCKET}.chunks"]
        size, taken = _timed(lambda: sum(len(c["data"]) for c in chunks.find()))
    print(f"all of it, {size / MB / 1000:.2f} GB: {size / taken / MB:.0f} MB/s")


def _put(files: FileStore, data: bytes) -> str:
    return files.put(_BUCKET, data, content_type="application/pdf")


def _timed(operation: Callable[[], T]) -> tuple[T, float]:
    begun = perf_counter()
    return operation(), perf_counter() - begun


def _timing(taken: Sequence[float], size: int) -> str:
    middle, late = median(taken), quantiles(taken, n=20)[-1]
    rate = size / middle / MB
    return f"{middle * 1000:.1f} ms (p95 {late * 1000:.1f}; {rate:.0f} MB/s)"


if __name__ == "__main__":
    main()
