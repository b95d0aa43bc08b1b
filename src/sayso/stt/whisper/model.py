"""A loaded Whisper model: a batch of chunks becomes tokens that passed the checks, and timed words."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sayso.stt.whisper.decoding import (
    BEAM_SIZE,
    BEST_OF,
    HIGHEST_COMPRESSION_RATIO,
    PROMPT_TOKENS,
    TEMPERATURES,
    DecodedChunk,
    DecodingOptions,
    TimedWord,
    written_words,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sayso.scheduling import RequestContext
    from sayso.types import FloatArray

_FRAME_SAMPLES = 160
_PREPENDED = "\"'“¿([{-"
_APPENDED = "\"'.。,，!！?？:：”)]}、"


class LoadedWhisper:
    """A model in memory; any thread may use it, and as many compute at once as it has workers.

    Args:
        directory: of the model in CTranslate2's format; it is quantised to 8 bits as it is loaded.
        workers: how many batches are computed at once, each on one thread.
    """

    def __init__(self, directory: Path, *, workers: int) -> None:
        from faster_whisper import WhisperModel

        self._model: Any = WhisperModel(
            str(directory), device="cpu", compute_type="int8", cpu_threads=1, num_workers=workers
        )

    def encode(self, sounds: Sequence[FloatArray], context: RequestContext) -> Any:
        """The encoder's output for chunks of at most 30 s at `SAMPLE_RATE_HZ`: CTranslate2's array.

        They are encoded one after the other, each under a permit: together they would take no less time, and 70 MB more
        for each.
        """
        encoded = []
        for sound in sounds:
            with context.permit():
                encoded.append(self._model.encode(self._features(sound)))
        return encoded[0] if len(encoded) == 1 else _array(np.concatenate([np.array(one) for one in encoded]))

    def _features(self, sound: FloatArray) -> FloatArray:
        from faster_whisper.audio import pad_or_trim

        features: FloatArray = pad_or_trim(self._model.feature_extractor(sound)[..., :-1])
        return features

    @property
    def languages(self) -> list[str]:
        """The codes of the languages that it knows; an English-only model knows "en"."""
        return list(self._model.supported_languages)

    def language_probabilities(self, encoded: Any) -> dict[str, float]:
        """The probability of each language in the first chunk."""
        return {token[2:-2]: likely for token, likely in self._model.model.detect_language(encoded)[0]}

    def prompt_tokens(self, text: str) -> tuple[int, ...]:
        """A prompt's tokens; the last that fit, of a longer one."""
        tokens = self._model.hf_tokenizer.encode(f" {text.strip()}", add_special_tokens=False).ids
        return tuple(tokens[-PROMPT_TOKENS:])

    def decode(
        self,
        encoded: Any,
        sample_counts: Sequence[int],
        options: DecodingOptions,
        context_tokens: Sequence[int],
        context: RequestContext,
    ) -> list[DecodedChunk]:
        """Decode chunks into words with times.

        Args:
            encoded: the chunks.
            sample_counts: the length of each.
            options: how to decode them.
            context_tokens: of the text before them.
            context: the request's; each step holds a permit.
        """
        tokenizer = self._tokenizer(options)
        with context.permit():
            decoded = self._generate(encoded, tokenizer, options, options.temperature, context_tokens)
        for number, first in enumerate(decoded):
            if not first.is_good:
                one = _nth(encoded, number)
                decoded[number] = self._retry(
                    one, tokenizer, options, first, had_context=bool(context_tokens), context=context
                )
        with context.permit():
            return self._timed(encoded, sample_counts, tokenizer, decoded)

    def _tokenizer(self, options: DecodingOptions) -> Any:
        from faster_whisper.tokenizer import Tokenizer

        multilingual = self._model.model.is_multilingual
        return Tokenizer(self._model.hf_tokenizer, multilingual, task=options.task, language=options.language)

    def _retry(
        self,
        encoded: Any,
        tokenizer: Any,
        options: DecodingOptions,
        first: DecodedChunk,
        *,
        had_context: bool,
        context: RequestContext,
    ) -> DecodedChunk:
        """Decode a chunk whose text failed the checks: without context tokens first, then at higher temperatures."""
        attempts = [first]
        steps = [step for step in TEMPERATURES if step > options.temperature]
        for temperature in [*([options.temperature] if had_context else []), *steps]:
            with context.permit():
                attempts += self._generate(encoded, tokenizer, options, temperature, ())
            if attempts[-1].is_good:
                return attempts[-1]
        calm = [decoded for decoded in attempts if decoded.compression_ratio <= HIGHEST_COMPRESSION_RATIO]
        return max(calm or attempts, key=lambda decoded: decoded.average_log_probability)

    def _generate(
        self, encoded: Any, tokenizer: Any, options: DecodingOptions, temperature: float, context_tokens: Sequence[int]
    ) -> list[DecodedChunk]:
        from faster_whisper.transcribe import get_suppressed_tokens

        before = [*options.prompt[-(PROMPT_TOKENS - len(context_tokens)) :], *context_tokens]
        prompt = self._model.get_prompt(tokenizer, before, without_timestamps=True)
        how: dict[str, Any] = {"beam_size": BEAM_SIZE}
        if temperature:
            how = {
                "beam_size": 1, "num_hypotheses": BEST_OF, "sampling_topk": 0, "sampling_temperature": temperature
            }  # fmt: skip
        results = self._model.model.generate(
            encoded,
            [prompt] * encoded.shape[0],
            max_length=self._model.max_length,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
            **how,
        )
        return [_decoded_chunk(result, tokenizer, temperature) for result in results]

    def _timed(
        self, encoded: Any, sample_counts: Sequence[int], tokenizer: Any, decoded: Sequence[DecodedChunk]
    ) -> list[DecodedChunk]:
        frames = [count // _FRAME_SAMPLES for count in sample_counts]
        alignments = self._model.find_alignment(tokenizer, [list(one.tokens) for one in decoded], encoded, frames)
        return [
            replace(one, words=tuple(_words(alignment)))
            for one, alignment in zip(decoded, alignments, strict=True)
        ]  # fmt: skip


def _decoded_chunk(result: Any, tokenizer: Any, temperature: float) -> DecodedChunk:
    tokens = result.sequences_ids[0]
    text = tokenizer.decode(tokens).strip().encode()
    return DecodedChunk(
        tokens=tuple(token for token in tokens if token < tokenizer.eot),
        temperature=temperature,
        # The score is the mean over the tokens; the end counts as one more, as it does for OpenAI.
        average_log_probability=result.scores[0] * len(tokens) / (len(tokens) + 1),
        compression_ratio=len(text) / len(zlib.compress(text)),
        no_speech_probability=result.no_speech_prob,
    )


def _words(alignment: list[dict[str, Any]]) -> list[TimedWord]:
    """The written words of an alignment by faster-whisper, with the punctuation around them."""
    from faster_whisper.transcribe import merge_punctuations

    merge_punctuations(alignment, _PREPENDED, _APPENDED)
    return written_words(
        TimedWord(word["word"], float(word["start"]), float(word["end"]), tuple(word["tokens"]))
        for word in alignment
        if word["word"]
    )


def _nth(encoded: Any, number: int) -> Any:
    """One chunk of a batch."""
    return _array(np.array(encoded)[number : number + 1])


def _array(array: FloatArray) -> Any:
    from faster_whisper.transcribe import get_ctranslate2_storage

    return get_ctranslate2_storage(array)
