"""Where finished files go: a directory, or S3."""

from sayso.storage.base import Storage, Storages, Stored

__all__ = ["Storage", "Storages", "Stored"]
