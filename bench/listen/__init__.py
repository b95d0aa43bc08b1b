"""A blind listening test on one page: native kernels, the ONNX graph in use, and the graph as published.

Five voices read the same sentences. Each sentence is computed by the native kernels, by the graph that Sayso runs with
``SAYSO_KERNELS=off``, and by the published graph without any rewrite; phonemes and style are the same, and so is the
level. Every two of these versions make a pair, which the page plays as A and B in random order, with X, which is one of
the two. It asks which sounds better (A, B, no difference) and whether X is A or B (a guess if need be).

The directory holds ``index.html``, which loads nothing but the WAV files beside it and sends nothing anywhere. Names,
order and X are new with each run; a seed repeats them. The key is in the page, encoded, so that it is not read by
accident. Answers stay in the open page; it shows them with the key at the end, and offers them as a JSON file. No
judgement is part of the project.
"""

from __future__ import annotations

import secrets
from random import Random
from typing import TYPE_CHECKING

from bench.listen.page import require_own_directory, write_page
from bench.listen.pairs import arrange
from bench.listen.speaking import speak_all
from bench.report import Figure, Result

if TYPE_CHECKING:
    from pathlib import Path

SENTENCES = 3
"""How many each voice reads, where all are wanted: 45 pairs with three versions, about 20 minutes."""


def make_listening_page(work: Path, directory: Path, *, seed: int | None = None, quick: bool = False) -> Result:
    """Speak the sentences and write the page.

    Args:
        work: an empty directory for files on their way.
        directory: is made; an earlier page in it is replaced, once the new one is complete.
        seed: repeats the sentences, names and order of a run; None for new ones.
        quick: one sentence for each voice.

    Raises:
        typer.BadParameter: the directory cannot be used, or holds something other than such a page.
        ModelMissing: Kokoro's model is not installed.
    """
    require_own_directory(directory)
    seed = secrets.randbits(48) if seed is None else seed
    random = Random(seed)  # noqa: S311 - of a test that is to be repeated
    spoken = speak_all(random, sentences=1 if quick else SENTENCES)
    pairs = arrange(spoken.readings, random)
    page = write_page(directory, pairs, seed=seed, work=work)
    seconds = sum(reading.seconds for reading in spoken.readings)
    figure = Figure(
        name="pairs to hear",
        value=len(pairs),
        unit="",
        compared_to=f"{len(spoken.readings)} sentences, {seconds:.0f} s of speech in each version",
        decimals=0,
    )
    return Result(name="listen", figures=(figure,), notes=(f"Open {page} in a browser.", *spoken.notes))
