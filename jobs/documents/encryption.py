"""Encrypts files from before files were encrypted."""

import logging

from procrastinate import JobContext

from db.files.gridfs import Bucket
from jobs.worker.tasks import Stores, queue

_log = logging.getLogger(__name__)


@queue.periodic(cron="13 * * * *")
@queue.task(
    name="encrypt_photos",
    lock="encrypt_photos",
    queueing_lock="encrypt_photos",
    pass_context=True,
)
def encrypt_photos(context: JobContext, timestamp: int) -> None:
    """Encrypt photos that are not encrypted yet; does nothing once there are none."""
    del timestamp
    if encrypted := Stores.of(context).files.encrypt_plain(Bucket.PATIENT_PHOTOS):
        _log.info("Encrypted %d photos.", encrypted)
