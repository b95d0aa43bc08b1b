"""The store keeps models complete and sound, and says exactly what is wrong when it cannot."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

from sayso.errors import InvalidInput, ModelMissing, SourceFailed
from sayso.models import FileState, ModelStore, SilentProgress
from sayso.models.sources.directory import DirectorySource
from support.models.toy import npm_package, put, toy_file, toy_model, wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sayso.models import FileStatus, Model
    from sayso.models.sources.base import Source
    from sayso.models.staging import DownloadStaging

WEIGHTS, CONFIG = b"weights " * 1000, b"{}"
TOY = toy_model(toy_file("model.bin", WEIGHTS), toy_file("config.json", CONFIG), places=["remote:toy"])


class Remote:
    """A source on the network, as a test needs it: it holds some content, or it is down."""

    needs_network = True

    def __init__(self, *contents: bytes) -> None:
        self.contents = contents
        self.asked: list[str] = []

    def fetch(self, address: str, model_name: str, staging: DownloadStaging) -> None:
        """Offer everything, or fail for want of anything."""
        self.asked.append(f"{model_name} from {address}")
        if not self.contents:
            raise SourceFailed("connection refused")
        for number, content in enumerate(self.contents):
            path = staging.work_directory("remote") / str(number)
            path.write_bytes(content)
            staging.adopt(path)


class Recorder(SilentProgress):
    """Remembers what a pull told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def started(self, model: Model, unsound: Sequence[FileStatus]) -> None:  # noqa: ARG002
        """Remember what was unsound."""
        self.told += [f"{status.file.path} {status.state.value}" for status in unsound]

    def source_failed(self, model: Model, place: str, reason: str) -> None:  # noqa: ARG002
        """Remember the reason."""
        self.told.append(f"{place}: {reason}")


def _same(source: Remote) -> Source:
    return source


def open_toy_store(
    root: Path, remote: Remote, *catalogue: Model, mirrors: Sequence[str] = (), **others: Remote
) -> ModelStore:
    sources: dict[str, Callable[[], Source]] = {"directory": DirectorySource}
    for kind, source in {"remote": remote, **others}.items():
        sources[kind] = partial(_same, source)
    models = {model.name: model for model in catalogue or (TOY,)}
    return ModelStore(root, sources=sources, mirrors=mirrors, catalogue=models)


def test_a_pulled_model_is_found_with_all_its_files(tmp_path: Path) -> None:
    """After a pull, the model's path holds exactly the promised content, and the pull says what it brought."""
    store = open_toy_store(tmp_path, Remote(CONFIG, WEIGHTS))
    [pulled] = store.pull(["toy"])
    assert store.path("toy") == pulled.directory == tmp_path / "toy"
    assert pulled.files == ("model.bin", "config.json")
    assert (store.path("toy") / "model.bin").read_bytes() == WEIGHTS


@pytest.mark.parametrize("present", [{}, {"toy/model.bin": WEIGHTS}, {"toy/model.bin": b"", "toy/config.json": CONFIG}])
def test_an_incomplete_model_is_missing_and_the_hint_mends_it(tmp_path: Path, present: dict[str, bytes]) -> None:
    """A model with a file absent or cut off is never handed out; the error names the command that mends it."""
    store = open_toy_store(put(tmp_path, present), Remote())
    with pytest.raises(ModelMissing) as caught:
        store.path("toy")
    assert caught.value.hint == "Run: sayso models pull toy"


def test_an_unknown_model_is_wrong_use(tmp_path: Path) -> None:
    """A name that the catalogue lacks is refused, with the names that it has."""
    store = open_toy_store(tmp_path, Remote())
    for ask in (store.path, store.model, lambda name: store.pull([name]), lambda name: store.verify([name])):
        with pytest.raises(InvalidInput, match=r"nonesuch(?s:.)*toy"):
            ask("nonesuch")


@pytest.mark.parametrize("damage", [WEIGHTS[:-1], b"W" + WEIGHTS[1:], b""], ids=["cut off", "altered", "empty"])
def test_a_corrupt_file_is_found_named_and_pulled_again(tmp_path: Path, damage: bytes) -> None:
    """Verifying finds a truncated or altered file by name, and a pull replaces it and nothing else."""
    store = open_toy_store(tmp_path, Remote(WEIGHTS, CONFIG))
    store.pull(["toy"])
    (tmp_path / "toy/model.bin").write_bytes(damage)
    assert [(status.file.path, status.state) for status in store.verify()] == [
        ("model.bin", FileState.CORRUPT),
        ("config.json", FileState.SOUND),
    ]
    recorder = Recorder()
    [pulled] = store.pull(["toy"], progress=recorder)
    assert pulled.files == ("model.bin",)
    assert recorder.told == ["model.bin corrupt"]
    assert (tmp_path / "toy/model.bin").read_bytes() == WEIGHTS


def test_a_complete_model_asks_nobody_and_writes_nothing(tmp_path: Path) -> None:
    """A second pull leaves sources and disk alone, so a store that cannot be written serves as well."""
    remote = Remote(WEIGHTS, CONFIG)
    store = open_toy_store(put(tmp_path, {"toy/model.bin": WEIGHTS, "toy/config.json": CONFIG}), remote)
    [pulled] = store.pull(["toy"])
    assert pulled.files == ()
    assert remote.asked == []
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["config.json", "model.bin", "toy"]


def test_a_mirror_is_asked_before_the_catalogues_places(tmp_path: Path) -> None:
    """Who configured a mirror that has everything causes no request elsewhere."""
    mirror = put(tmp_path / "mirror", {"any/name": WEIGHTS, "another": CONFIG})
    remote = Remote(WEIGHTS, CONFIG)
    open_toy_store(tmp_path / "store", remote, mirrors=[f"directory:{mirror}"]).pull(["toy"])
    assert remote.asked == []


def test_what_one_place_lacks_the_next_one_delivers(tmp_path: Path) -> None:
    """An incomplete mirror and a bad first place are passed over, each with its reason, until nothing is missing."""
    mirror = put(tmp_path / "mirror", {"config": CONFIG})
    model = toy_model(*TOY.files, places=["broken:toy", "altered:toy", "remote:toy"])
    store = open_toy_store(
        tmp_path / "store",
        Remote(WEIGHTS),
        model,
        mirrors=[f"directory:{mirror}"],
        broken=Remote(),
        altered=Remote(WEIGHTS[:-1] + b"!"),
    )
    recorder = Recorder()
    store.pull(["toy"], progress=recorder)
    assert recorder.told == [
        "model.bin missing",
        "config.json missing",
        f"directory:{mirror}: no valid copy of model.bin, config.json",
        "broken:toy: connection refused",
        "altered:toy: no valid copy of model.bin",
    ]


def test_when_all_places_fail_each_is_named_with_its_reason(tmp_path: Path) -> None:
    """The error names the model, the files, every place that was asked and why it did not deliver."""
    model = toy_model(*TOY.files, places=["broken:one", "remote:two"])
    store = open_toy_store(tmp_path, Remote(CONFIG), model, broken=Remote())
    with pytest.raises(SourceFailed) as caught:
        store.pull(["toy"])
    assert caught.value.message.splitlines() == [
        "No source could deliver model.bin of toy:",
        "  broken:one: connection refused",
        "  remote:two: no valid copy of model.bin, config.json",
    ]
    assert caught.value.hint is not None
    assert (tmp_path / "toy/config.json").read_bytes() == CONFIG


def test_a_source_that_is_down_is_asked_once_for_a_model(tmp_path: Path) -> None:
    """Where one part cannot be had, the wait for the other parts is spared."""
    down = Remote()
    file = toy_file("model.bin", b"firstsecond", {"remote:a": b"first", "remote:b": b"second"})
    with pytest.raises(SourceFailed):
        open_toy_store(tmp_path, down, toy_model(file)).pull(["toy"])
    assert down.asked == ["toy from a"]


def test_parts_that_are_here_are_not_fetched_again(tmp_path: Path) -> None:
    """After an interruption only the places of the missing parts are asked."""
    file = toy_file("model.bin", b"firstsecond", {"broken:a": b"first", "remote:b": b"second"})
    remote = Remote(b"second")
    interrupted = open_toy_store(tmp_path, remote, toy_model(file), broken=Remote())
    with pytest.raises(SourceFailed):
        interrupted.pull(["toy"])
    resumed = open_toy_store(tmp_path, remote, toy_model(file), broken=Remote(b"first"))
    resumed.pull(["toy"])
    assert remote.asked == ["toy from b"]
    assert (tmp_path / "toy/model.bin").read_bytes() == b"firstsecond"


def test_offline_asks_only_what_needs_no_network(tmp_path: Path) -> None:
    """Offline work takes from a local mirror, never asks the network, and names what is missing."""
    remote = Remote(WEIGHTS, CONFIG)
    mirror = put(tmp_path / "mirror", {"config": CONFIG})
    store = open_toy_store(tmp_path / "store", remote, mirrors=[f"directory:{mirror}"])
    with pytest.raises(ModelMissing, match=r"toy is not complete.*model\.bin"):
        store.pull(["toy"], offline=True)
    put(mirror, {"weights": WEIGHTS})
    store.pull(["toy"], offline=True)
    assert remote.asked == []


def test_an_import_recognises_files_and_packages_by_content(tmp_path: Path) -> None:
    """Files under any name, a wheel and an npm package are all taken; names in them do not matter."""
    third = toy_file("voices/a.bin", b"a voice")
    model = toy_model(*TOY.files, third)
    stick = {
        "stick/renamed.dat": WEIGHTS,
        "stick/deep/toy.whl": wheel("toy", {"odd.json": CONFIG}),
        "stick/toy-1.tgz": npm_package({"package/x.bin": b"a voice"}),
        "stick/notes.txt": b"not a model",
    }
    store = open_toy_store(tmp_path / "store", Remote(), model)
    [pulled] = store.import_from(put(tmp_path, stick) / "stick")
    assert pulled.missing == ()
    assert [status.state for status in store.verify()] == [FileState.SOUND] * 3


def test_parts_imported_one_by_one_make_the_file_in_the_end(tmp_path: Path) -> None:
    """A file carried over in several journeys is complete after the last."""
    file = toy_file("model.bin", b"firstsecond", {"remote:a": b"first", "remote:b": b"second"})
    store = open_toy_store(tmp_path / "store", Remote(), toy_model(file))
    [first] = store.import_from(put(tmp_path / "one", {"a": b"first"}))
    assert first.missing == ("model.bin",)
    [second] = store.import_from(put(tmp_path / "two", {"b": b"second"}))
    assert second.files == ("model.bin",)


def test_an_import_that_finds_nothing_says_so_and_leaves_no_trace(tmp_path: Path) -> None:
    """A directory without a file that is needed is wrong use; no empty model directory stays behind."""
    store = open_toy_store(tmp_path / "store", Remote())
    with pytest.raises(InvalidInput, match="No file below"):
        store.import_from(put(tmp_path / "stick", {"notes.txt": b"nothing"}))
    with pytest.raises(InvalidInput, match="not a directory"):
        store.import_from(tmp_path / "nowhere")
    assert not (tmp_path / "store/toy").exists()


def test_threads_that_pull_at_once_fetch_once(tmp_path: Path) -> None:
    """Many pulls of one model at the same time ask the source once, and all end with a sound model."""
    remote = Remote(WEIGHTS, CONFIG)
    store = open_toy_store(tmp_path, remote)
    threads = [threading.Thread(target=store.pull, args=(["toy"],)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(remote.asked) == 1
    assert {status.state for status in store.verify()} == {FileState.SOUND}
