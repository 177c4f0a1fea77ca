"""A store that speaks S3, before anything is requested from it."""

from botocore.loaders import JSONFileLoader

from db.backups.copies.object_store import ObjectStore, StoreAddress


def store(prefix):
    return ObjectStore(
        StoreAddress("of-us", prefix, "http://127.0.0.1:1", "us-east-1", "key", "word")
    )


def test_what_stores_can_do_is_read_once_for_all_of_them(monkeypatch):
    read, load = [], JSONFileLoader.load_file

    def loading(loader, path):
        read.append(path)
        return load(loader, path)

    first = store("one")._client
    monkeypatch.setattr(JSONFileLoader, "load_file", loading)
    other = store("other")._client

    assert read == []
    assert other is not first
