"""The fields that clients of other servers send, beyond OpenAI's: which are honoured, ignored or refused.

A field is ignored only if the result is what the client asked for in every other respect; the response names it in a
header. It is refused if the client would get something else than it asked for. Fields that are in no table are refused,
because they may be typing errors.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KOKORO, SPEACHES, LOCALAI, VLLM = "Kokoro-FastAPI", "speaches", "LocalAI", "vLLM"
CHATTERBOX, LITELLM, OPENAI, WHISPER = "Chatterbox", "LiteLLM", "OpenAI", "faster-whisper"
MISTRAL, GROQ = "Mistral", "Groq"


class Treatment(StrEnum):
    """What happens to a field."""

    HONOURED = "honoured"
    IGNORED = "ignored"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientField:
    """A field of one endpoint.

    Attributes:
        name: as clients send it; ``name[]`` of a form is the same.
        clients: the servers whose clients send it.
        treatment: what happens to it. A honoured field is one of the endpoint's own fields, or becomes one.
        note: what it does here, or why it is refused.
        neutral: values that ask for nothing else than what happens anyway: they are neither named nor refused. So is
            null, and an empty text.
        becomes: the endpoint's own field that has its meaning; None for its own name.
        values: the values of that field, by those that clients send, where they differ.
        members: of an object, each treated as a field.
    """

    name: str
    clients: tuple[str, ...]
    treatment: Treatment
    note: str = ""
    neutral: tuple[Any, ...] = ()
    becomes: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    members: tuple[ClientField, ...] = ()


def _honoured(name: str, *clients: str, note: str, becomes: str | None = None, **more: Any) -> ClientField:
    return ClientField(name=name, clients=clients, treatment=Treatment.HONOURED, note=note, becomes=becomes, **more)


def _ignored(
    clients: str | tuple[str, ...], *names: str, note: str = "", neutral: tuple[Any, ...] = ()
) -> list[ClientField]:
    whose = (clients,) if isinstance(clients, str) else clients
    return [
        ClientField(name=name, clients=whose, treatment=Treatment.IGNORED, note=note, neutral=neutral) for name in names
    ]


def _refused(name: str, *clients: str, note: str, neutral: tuple[Any, ...] = ()) -> ClientField:
    return ClientField(name=name, clients=clients, treatment=Treatment.REFUSED, note=note, neutral=neutral)


KOKORO_LANGUAGES: Mapping[str, str] = {
    "a": "en-us", "b": "en-gb", "e": "es", "f": "fr-fr", "h": "hi", "i": "it", "j": "ja", "p": "pt-br", "z": "cmn",
}  # fmt: skip
"""Kokoro's languages by the letters of its voices."""

_SAMPLING = "Local engines do not sample."
_OTHER_ENGINES = "An option of other engines."

_NORMALISATION = ClientField(
    name="normalization_options",
    clients=(KOKORO,),
    treatment=Treatment.HONOURED,
    note="Texts are always normalised: what is true is done, and what is false is ignored.",
    members=tuple(
        _ignored(
            KOKORO,
            "normalize",
            "unit_normalization",
            "url_normalization",
            "email_normalization",
            "phone_normalization",
            "replace_remaining_symbols",
            note="Always done.",
            neutral=(True,),
        )
        + _ignored(KOKORO, "optional_pluralization_normalization", note="Never done.", neutral=(False,))
    ),
)

_SPEECH: tuple[ClientField, ...] = (
    _honoured(
        "stream", KOKORO, LOCALAI, VLLM, note="false: the response has its length, and comes when it is complete."
    ),
    _honoured("sample_rate", SPEACHES, LOCALAI, note="The audio is resampled."),
    _honoured("volume_multiplier", KOKORO, note="Applied to the samples; peaks are clipped at full scale."),
    _honoured(
        "lang_code",
        KOKORO,
        note="A letter, as the first of a voice's name, or a language tag; `language` comes first.",
        becomes="language",
        values=KOKORO_LANGUAGES,
    ),
    _honoured("language", LOCALAI, VLLM, note="The language of the text, as en-us."),
    _NORMALISATION,
    *_ignored(
        KOKORO,
        "download_format",
        "return_download_link",
        "return_timing",
        note="The response is the audio.",
        neutral=(False,),
    ),
    *_ignored(LOCALAI, "backend", note="The model's name selects the engine."),
    *_ignored(LOCALAI, "params", note=_OTHER_ENGINES, neutral=({},)),
    *_ignored((LITELLM, OPENAI), "user", "metadata", "timeout", note="No part of the speech."),
    *_ignored(
        (VLLM, CHATTERBOX),
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "seed",
        "repetition_penalty",
        "max_new_tokens",
        note=_SAMPLING,
    ),
    *_ignored(
        CHATTERBOX,
        "exaggeration",
        "cfg_weight",
        "streaming_chunk_size",
        "streaming_strategy",
        "streaming_buffer_size",
        "streaming_quality",
        "split_text",
        "chunk_size",
        note=_OTHER_ENGINES,
    ),
    *_ignored(VLLM, "initial_codec_chunk_frames", "stream_options", note=_OTHER_ENGINES),
    _refused(
        "allow_voice_tags",
        KOKORO,
        note="Send directives: true, with [voice:NAME] at the beginning of a line.",
        neutral=(False,),
    ),
    _refused("voice_aliases", KOKORO, note="Send the voices by their own names.", neutral=({},)),
    _refused("ssml", KOKORO, note="SSML would be spoken as text.", neutral=(False,)),
    _refused("task_type", VLLM, note="Voices are not designed or cloned.", neutral=("CustomVoice",)),
    *(
        _refused(name, VLLM, CHATTERBOX, note="Voices are not cloned.")
        for name in ("ref_audio", "ref_text", "reference_audio", "audio_prompt_path")
    ),
)

_CAPTIONED: tuple[ClientField, ...] = (
    _honoured("return_timestamps", KOKORO, note="false: `timestamps` is null."),
    *(each for each in _SPEECH if each.name != "return_timing"),
)

_RECOGNITION: tuple[ClientField, ...] = (
    _honoured("vad_filter", SPEACHES, WHISPER, note="false: everything is transcribed, also what is no speech."),
    _honoured("hotwords", SPEACHES, WHISPER, note="Words that may occur, with commas between them."),
    _honoured("keywords", OPENAI, note="The same, as a list."),
    _honoured("context_bias", MISTRAL, note="The same.", becomes="keywords"),
    _honoured("initial_prompt", WHISPER, note="The prompt; `prompt` comes first.", becomes="prompt"),
    *_ignored(SPEACHES, "without_timestamps", note="Times are always made.", neutral=(True, False)),
    *_ignored(
        WHISPER,
        "beam_size",
        "best_of",
        "patience",
        "length_penalty",
        "no_repeat_ngram_size",
        "temperature_inc",
        "condition_on_previous_text",
        "compression_ratio_threshold",
        "log_prob_threshold",
        "logprob_threshold",
        "no_speech_threshold",
        "suppress_blank",
        "suppress_tokens",
        "hallucination_silence_threshold",
        "language_detection_threshold",
        "multilingual",
        "word_timestamps",
        "batch_size",
        "chunk_length",
        "threads",
        "vad_parameters",
        "vad_options",
        "prompt_reset_on_temperature",
        note="How Whisper decodes; the server decides.",
    ),
    *_ignored(
        VLLM,
        "seed",
        "top_p",
        "top_k",
        "min_p",
        "frequency_penalty",
        "presence_penalty",
        "repetition_penalty",
        "max_completion_tokens",
        "stream_include_usage",
        "stream_continuous_usage_stats",
        note=_SAMPLING,
    ),
    *_ignored((LITELLM, OPENAI), "user", "metadata", "timeout", note="No part of the transcript."),
    *_ignored(LOCALAI, "backend", note="The model's name selects the engine."),
    _refused(
        "diarize", LOCALAI, MISTRAL, note="A model that labels speakers does it, with diarized_json.", neutral=(False,)
    ),
    *(
        _refused(name, WHISPER, note="The whole recording is transcribed.", neutral=("0",))
        for name in ("clip_timestamps", "offset_t", "duration")
    ),
    *(_refused(name, GROQ, MISTRAL, note="Send the recording itself.") for name in ("url", "file_url")),
)

_TRANSCRIPTIONS: tuple[ClientField, ...] = (
    *_RECOGNITION,
    _honoured("language", WHISPER, OPENAI, note="A tag as en or fr, an English name, or auto."),
    _honoured("languages", OPENAI, note="The languages among which the spoken one is detected."),
    _honoured("task", WHISPER, note="translate: the text is English."),
    _honoured(
        "translate",
        LOCALAI,
        note="true: the text is English.",
        becomes="task",
        values={"true": "translate", "1": "translate", "false": "transcribe", "0": "transcribe"},
    ),
    *(
        _refused(name, OPENAI, note="Speakers get letters for names.")
        for name in ("known_speaker_names", "known_speaker_references")
    ),
)

_TRANSLATIONS: tuple[ClientField, ...] = (
    *_RECOGNITION,
    _honoured("language", VLLM, LOCALAI, WHISPER, note="The language of the speech."),
    _honoured("stream", VLLM, note="Server-sent events, as for transcriptions."),
    _refused("to_language", VLLM, note="Recordings are translated to English.", neutral=("en", "english")),
    _refused("task", WHISPER, note="Transcripts come from /v1/audio/transcriptions.", neutral=("translate",)),
    _refused(
        "timestamp_granularities", SPEACHES, note="Translations have the times of segments.", neutral=("segment",)
    ),
)

_TIMESTAMPS: tuple[ClientField, ...] = (
    _refused(
        "model", SPEACHES, note="There is one detector, silero_vad_v5.", neutral=("silero_vad_v5", "silero_vad_v6")
    ),
)

CLIENT_FIELDS: Mapping[str, Sequence[ClientField]] = {
    "/v1/audio/speech": _SPEECH,
    "/dev/captioned_speech": _CAPTIONED,
    "/v1/audio/transcriptions": _TRANSCRIPTIONS,
    "/v1/audio/translations": _TRANSLATIONS,
    "/v1/audio/speech/timestamps": _TIMESTAMPS,
}
"""The fields of each endpoint, by its path."""
