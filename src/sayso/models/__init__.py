"""Model files: the catalogue, the local store, downloads and checksums."""

from sayso.models.catalogue import CATALOGUE
from sayso.models.model_types import File, Model, Part
from sayso.models.on_demand import ModelPulls
from sayso.models.opener import ModelDescription, ModelOpener, ModelStatus
from sayso.models.opening import installed_models, open_store
from sayso.models.progress import PullProgress, SilentProgress
from sayso.models.reloading import WatchedModel
from sayso.models.status import FileState, FileStatus
from sayso.models.store import ModelStore, PulledModel
from sayso.models.watcher import ModelWatcher

__all__ = [
    "CATALOGUE",
    "File",
    "FileState",
    "FileStatus",
    "Model",
    "ModelDescription",
    "ModelOpener",
    "ModelPulls",
    "ModelStatus",
    "ModelStore",
    "ModelWatcher",
    "Part",
    "PullProgress",
    "PulledModel",
    "SilentProgress",
    "WatchedModel",
    "installed_models",
    "open_store",
]
