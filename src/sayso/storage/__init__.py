"""Storages for finished files: a directory, or S3."""

from sayso.storage.base import ListedFile, Storage, Storages, Stored
from sayso.storage.content_types import content_disposition, content_type_of
from sayso.storage.links import LinkSigner, SignedFiles
from sayso.storage.local import LocalStorage
from sayso.storage.root import Root
from sayso.storage.s3 import S3Storage, open_s3_storage
from sayso.storage.uris import canonical, uri_within

__all__ = [
    "LinkSigner",
    "ListedFile",
    "LocalStorage",
    "Root",
    "S3Storage",
    "SignedFiles",
    "Storage",
    "Storages",
    "Stored",
    "canonical",
    "content_disposition",
    "content_type_of",
    "open_s3_storage",
    "uri_within",
]
