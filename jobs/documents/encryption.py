"""Encrypts files from before files were encrypted."""

import logging

from db.files.gridfs import Bucket
from jobs.worker.tasks import Stores, every

_log = logging.getLogger(__name__)


@every("13 * * * *", is_alone=True)
def encrypt_photos(stores: Stores) -> None:
    """Encrypt photos that are not encrypted yet; does nothing once there are none."""
    if encrypted := stores.files.encrypt_plain(Bucket.PATIENT_PHOTOS):
        _log.info("Encrypted %d photos.", encrypted)
