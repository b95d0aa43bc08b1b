"""Changes the speed of audio at the same pitch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import numpy as np

from sayso.audio.frames import frame_of
from sayso.types import Audio

if TYPE_CHECKING:
    from sayso.types import FloatArray


def stretch(audio: Audio, factor: float) -> Audio:
    """The same audio, ``factor`` times as fast: libav's ``atempo``, which overlaps and adds parts of the waveform.

    A sound at ``s`` samples is afterwards at about ``s / factor``, within 50 ms, the length of these parts.

    Args:
        audio: to play faster or slower.
        factor: 0.5 to 100; above 1 it is faster.

    Returns:
        Exactly ``round(n / factor)`` samples for ``n``.
    """
    samples, rate = audio.samples, audio.sample_rate_hz
    if not samples.size:
        return audio
    graph = av.filter.Graph()
    graph.link_nodes(
        graph.add_abuffer(sample_rate=rate, format="flt", layout="mono"),
        graph.add("atempo", f"{factor:.6f}"),
        graph.add("abuffersink"),
    ).configure()
    graph.push(frame_of(samples, rate, start=0))
    graph.push(None)
    pieces: list[FloatArray] = []
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            break
        pieces.append(np.asarray(frame.to_ndarray(), np.float32).reshape(-1))
    made = np.concatenate([np.empty(0, np.float32), *pieces])
    wanted = round(samples.size / factor)
    return Audio(samples=np.pad(made[:wanted], (0, max(0, wanted - made.size))), sample_rate_hz=rate)
