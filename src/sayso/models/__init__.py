"""Model files: the catalogue, the local store, downloads and checksums."""

from sayso.models.catalogue import CATALOGUE
from sayso.models.model_types import File, Model, Part
from sayso.models.opening import installed_models, open_store
from sayso.models.progress import PullProgress, SilentProgress
from sayso.models.status import FileState, FileStatus
from sayso.models.store import ModelStore, PulledModel

__all__ = [
    "CATALOGUE",
    "File",
    "FileState",
    "FileStatus",
    "Model",
    "ModelStore",
    "Part",
    "PullProgress",
    "PulledModel",
    "SilentProgress",
    "installed_models",
    "open_store",
]
