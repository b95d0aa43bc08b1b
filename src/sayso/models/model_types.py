"""The types of a catalogue: models, their files, and the places that hold them.

A place is written ``kind:address``. The kind is a name from `sayso.models.sources.registry`; the address is in that
source's own notation, such as ``pypi:some-package==1.0`` or ``hub:owner/repository@revision/folder``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A piece of a file too large for the place that holds it.

    Attributes:
        place: the one place that holds this part.
        size_bytes: the exact size.
        sha256: the checksum, in lower-case hexadecimal.
    """

    place: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """One file of a model.

    Attributes:
        path: relative to the model's directory.
        size_bytes: the exact size.
        sha256: the checksum, in lower-case hexadecimal.
        parts: the pieces that some places hold instead of the whole file; joined in order they are the file.
    """

    path: str
    size_bytes: int
    sha256: str
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """One entry of the catalogue.

    Attributes:
        name: what the user types, and the name of the model's directory.
        summary: one line that says what it is for.
        license: the SPDX identifier of the weights' licence.
        files: all are required.
        places: the places that hold whole files, in the order in which they are tried.
    """

    name: str
    summary: str
    license: str
    files: tuple[File, ...]
    places: tuple[str, ...]

    @property
    def size_bytes(self) -> int:
        """The size of all files together."""
        return sum(file.size_bytes for file in self.files)

    @property
    def all_places(self) -> tuple[str, ...]:
        """Every place the catalogue names, without repetition, those of whole files first."""
        part_places = (part.place for file in self.files for part in file.parts)
        return tuple(dict.fromkeys((*self.places, *part_places)))

    def expects(self, place: str, blob: File | Part) -> bool:
        """Whether, according to the catalogue, ``place`` holds ``blob``.

        A place that holds a part of a file does not hold the whole file as well.
        """
        if isinstance(blob, Part):
            return blob.place == place
        return place in self.places and all(part.place != place for part in blob.parts)
