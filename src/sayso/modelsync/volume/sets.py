"""Sets: files that are published together, by one swap of a symbolic link to the directory of their version.

What is promised: a reader that resolves the link once, by opening the directory or by ``realpath``, sees the files of
one version for as long as that version is kept. A reader that opens files one after the other by the path of the link
may see two versions. A mount of Kubernetes with ``subPath`` is resolved when the container starts and never follows a
swap: the root must be mounted. Without symbolic links the files are published one by one.
"""

from __future__ import annotations

import os
import secrets
import stat
from typing import TYPE_CHECKING

from sayso.modelsync.errors import PathBlocked
from sayso.modelsync.keys import is_temporary, temporary_name
from sayso.modelsync.volume.directories import volume_error
from sayso.modelsync.volume.durability import sync_directories, sync_tree
from sayso.modelsync.volume.publish import read_link
from sayso.modelsync.volume.set_paths import (
    BUILDING,
    checked_version,
    directory_behind,
    directory_of,
    link_of,
    target_of,
)
from sayso.modelsync.volume.system_calls import exchange

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from sayso.modelsync.volume.capabilities import Abilities
    from sayso.modelsync.volume.directories import VolumeRoot
    from sayso.modelsync.volume.publish import Publisher

_MAXIMUM_SHOWN = 3


class SetStore:
    """The versions of the sets of one volume; for one thread at a time.

    Args:
        root: of the volume.
        abilities: of the volume.
        publisher: keeps a directory that a set replaces.
    """

    def __init__(self, root: VolumeRoot, abilities: Abilities, publisher: Publisher) -> None:
        self._root = root
        self._abilities = abilities
        self._publisher = publisher

    @property
    def is_supported(self) -> bool:
        """Whether the volume has symbolic links; otherwise the files of a set are published one by one."""
        return self._abilities.symlinks

    def building(self, prefix: str, version: str) -> str:
        """The directory in which a version is put together; its files are fetched to their paths below it.

        Args:
            prefix: of the keys, with a ``/`` at the end.
            version: letters, digits, ``.``, ``_`` and ``-``.

        Raises:
            InvalidInput: the version has other characters.
        """
        return f"{directory_of(prefix)}/{BUILDING}{checked_version(version)}"

    def current(self, prefix: str) -> str | None:
        """The version that the link of a set leads to; None if there is no link of ours.

        Raises:
            OutputFailed: the path of the link cannot be reached.
        """
        try:
            target = read_link(self._root, link_of(prefix))
        except OSError as error:
            raise volume_error(error, link_of(prefix)) from error
        behind = directory_behind(link_of(prefix), target)
        return None if behind is None else behind.rpartition("/")[2]

    def versions(self, prefix: str) -> list[str]:
        """The complete versions of a set, those that were completed last at the end.

        Raises:
            OutputFailed: the volume cannot be read.
        """
        directory = directory_of(prefix)
        try:
            found = [
                (facts.st_mtime_ns, name)
                for name in self._root.names(directory)
                if not name.startswith(BUILDING) and (facts := self._root.stat(f"{directory}/{name}")) is not None
            ]
        except OSError as error:
            raise volume_error(error, directory) from error
        return [name for _, name in sorted(found)]

    def reuse(self, prefix: str, version: str, relative: str, source: str) -> bool:
        """Take a file that is unchanged into a version, by a hard link; whether that is possible.

        Args:
            prefix: of the set.
            version: that is put together.
            relative: the path of the file within the set.
            source: the path of the file below the root: in another version, or published by itself.
        """
        if not self._abilities.hard_links:
            return False
        target = f"{self.building(prefix, version)}/{relative}"
        try:
            found = self._root.stat(source)
            if found is None or not stat.S_ISREG(found.st_mode):
                return False
            self._root.remove(target)
            self._root.link(source, target)
        except OSError:
            return False  # the file is fetched
        return True

    def add(self, prefix: str, version: str, relative: str, temporary: str) -> None:
        """Take a file that was fetched into a version.

        Raises:
            OutputFailed: it cannot be renamed.
        """
        try:
            self._root.rename(temporary, f"{self.building(prefix, version)}/{relative}")
        except OSError as error:
            raise volume_error(error, relative) from error

    def publish(
        self, prefix: str, version: str, relatives: Collection[str], *, before: Callable[[], None] = lambda: None
    ) -> None:
        """Complete a version, and swap the link of the set to it.

        Publishing a version again, as after a crash, is no error.

        Args:
            prefix: of the set.
            version: all of whose files were added.
            relatives: the paths of its files within the set; nothing else may be in it.
            before: called when the version is durable, before the swap; for the intent of the journal.

        Raises:
            PathBlocked: a file, or a directory with files that are not of the set, is in the link's place; or a
                directory, on a volume that cannot exchange entries.
            OutputFailed: the version is incomplete, or the volume fails.
        """
        directory = directory_of(prefix)
        sealed = f"{directory}/{checked_version(version)}"
        try:
            if self._root.stat(sealed) is None:
                self._seal(self.building(prefix, version), sealed, relatives)
            self._check_place(prefix, relatives)
            before()
            self._swap(prefix, version)
        except OSError as error:
            raise volume_error(error, link_of(prefix)) from error

    def withdraw(self, prefix: str) -> None:
        """Remove the link of a set, if it is ours; its versions stay until they are pruned.

        Raises:
            OutputFailed: it cannot be removed.
        """
        if self.current(prefix) is None:
            return
        link = link_of(prefix)
        try:
            self._root.remove(link)
            sync_directories(self._root, self._abilities, {link.rpartition("/")[0]})
        except OSError as error:
            raise volume_error(error, link) from error

    def prune(
        self,
        prefix: str,
        *,
        keep: int,
        active: Collection[str] = (),
        published: Sequence[str] = (),
        spared: Collection[str] = (),
        unfinished_before: float | None = None,
    ) -> list[str]:
        """Remove old versions, and those that were never completed.

        Args:
            prefix: of the set.
            keep: how many versions stay besides the current one, for readers that have them open.
            active: the versions that are put together now.
            published: the versions that readers may have open, in the order in which they were published; others, which
                were completed before a crash and never published, go first.
            spared: versions that stay besides, because readers had them a moment ago.
            unfinished_before: a Unix time; versions that were never completed, and changed later, stay; None for none.

        Returns:
            The versions that were removed.

        Raises:
            OutputFailed: something cannot be removed.
        """
        directory, current = directory_of(prefix), self.current(prefix)
        order = {version: number for number, version in enumerate(published)}
        old = [version for version in self.versions(prefix) if version != current]
        old.sort(key=lambda version: order.get(version, -1))
        removed = [version for version in old[: max(len(old) - keep, 0)] if version not in spared]
        try:
            removed += [
                name
                for name in self._root.names(directory)
                if name.startswith(BUILDING)
                and name.removeprefix(BUILDING) not in active
                and not self._is_recent(f"{directory}/{name}", unfinished_before)
            ]
            for name in removed:
                self._root.remove_tree(f"{directory}/{name}")
        except OSError as error:
            raise volume_error(error, directory) from error
        return removed

    def _is_recent(self, directory: str, before_seconds: float | None) -> bool:
        if before_seconds is None:
            return False
        times = [facts.st_mtime for _, facts in self._root.entries(directory)]
        found = self._root.stat(directory)
        return max([*times, 0.0 if found is None else found.st_mtime]) >= before_seconds

    def _seal(self, building: str, sealed: str, relatives: Collection[str]) -> None:
        """Give a complete version its name, durably; temporary files are those of a process that was killed."""
        found = set(self._below(building))
        for left in [each for each in found if is_temporary(each.rpartition("/")[2])]:
            self._root.remove(f"{building}/{left}")
            found.discard(left)
        if found != set(relatives):
            raise OSError(f"the version is incomplete: {_shown(found ^ set(relatives))}")
        sync_tree(self._root, self._abilities, building)
        self._root.rename(building, sealed)
        sync_directories(self._root, self._abilities, {sealed.rpartition("/")[0]})

    def _check_place(self, prefix: str, relatives: Collection[str]) -> None:
        link = link_of(prefix)
        found = self._root.stat(link)
        if found is None or stat.S_ISLNK(found.st_mode):
            return
        if not stat.S_ISDIR(found.st_mode):
            raise PathBlocked(f"The set {prefix} cannot be published: a file is in its place.")
        foreign = {each for each in self._below(link) if each not in relatives}
        foreign = {each for each in foreign if not is_temporary(each.rpartition("/")[2])}
        if foreign:
            raise PathBlocked(
                f"The set {prefix} cannot be published: the directory in its place has files of others: "
                f"{_shown(foreign)}.",
                hint="Move them away, or take the prefix out of the sets.",
            )
        if not self._abilities.exchanges:
            raise PathBlocked(
                f"The set {prefix} cannot be published: this volume cannot exchange the directory in its place.",
                hint=f"Move {link} away, for example to {link}.old, in a moment in which nothing reads it.",
            )

    def _swap(self, prefix: str, version: str) -> None:
        link = link_of(prefix)
        parent, _, name = link.rpartition("/")
        temporary = temporary_name(name, secrets.token_hex(8))
        beside = f"{parent}/{temporary}" if parent else temporary
        with self._root.directory(parent, is_made=True) as directory:
            os.symlink(target_of(prefix, version), temporary, dir_fd=directory)
            try:
                found = self._root.stat(link)
                if found is not None and stat.S_ISDIR(found.st_mode):
                    exchange(temporary, name, first_directory=directory, second_directory=directory)
                    self._publisher.set_aside(beside)
                else:
                    os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
            except BaseException:
                if (left := self._root.stat(beside)) is not None and stat.S_ISLNK(left.st_mode):
                    self._root.remove(beside)
                raise
        sync_directories(self._root, self._abilities, {parent})

    def _below(self, directory: str) -> Iterator[str]:
        for path, _ in self._root.entries(directory):
            yield path.removeprefix(f"{directory}/")


def _shown(names: Collection[str]) -> str:
    shown = ", ".join(sorted(names)[:_MAXIMUM_SHOWN])
    return shown if len(names) <= _MAXIMUM_SHOWN else f"{shown} and {len(names) - _MAXIMUM_SHOWN} more"
