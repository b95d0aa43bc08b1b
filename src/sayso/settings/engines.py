"""Settings of the engines: models, caches, threads, breakers."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from sayso.settings.base import EnvironmentSettings
from sayso.settings.kinds import ONE_GIB, Directory, in_user_cache


class EngineSettings(EnvironmentSettings):
    """Models, voices, threads, breakers and the speech cache."""

    models_base_path: Directory = Field(
        default_factory=lambda: in_user_cache("models"),
        validation_alias="MODELS_BASE_PATH",
        description="Directory of the model files; in the user's cache directory by default.",
    )
    kokoro_voice: str = Field(
        default="af_heart",
        validation_alias="KOKORO_VOICE",
        description="The default voice.",
    )
    whisper_model: str = Field(
        default="base",
        validation_alias="SAYSO_WHISPER_MODEL",
        description="The local Whisper model for OpenAI's model names: base is whisper-base. A path, which has a / in "
        "it, names a directory with any Whisper model in CTranslate2's format: the model whisper-local. Other names, "
        "such as small and large-v3-turbo, are those of the hub; `hf download` puts such a model in MODELS_BASE_PATH. "
        "Where it cannot translate, whisper-base does.",
    )
    kokoro_model: Directory | None = Field(
        default=None,
        validation_alias="SAYSO_KOKORO_MODEL",
        description="Directory of a Kokoro model: model.onnx, or one other .onnx file, and its voices in voices/, "
        "otherwise those of kokoro-voices. By default the model kokoro-82m-int8.",
    )
    alignment_model: str = Field(
        default="hama-phonemes",
        validation_alias="SAYSO_ALIGNMENT_MODEL",
        description="The model of the catalogue that hears phonemes, which gives word times to recordings; none for "
        "none, so that times are the engines' own.",
    )
    model_watch_seconds: NonNegativeFloat = Field(
        default=5.0,
        validation_alias="SAYSO_MODEL_WATCH_SECONDS",
        description="How often the directories that SAYSO_WHISPER_MODEL and SAYSO_KOKORO_MODEL name are looked at, in "
        "seconds: a model that was replaced is loaded beside the old one, and takes its place. 0 for never.",
    )
    model_quiet_seconds: NonNegativeFloat = Field(
        default=30.0,
        validation_alias="SAYSO_MODEL_QUIET_SECONDS",
        description="How long the files of such a directory must be unchanged before they are loaded, in seconds, if "
        "it has no manifest.",
    )
    synthesis_workers: PositiveInt | None = Field(
        default=None,
        validation_alias="SAYSO_SYNTHESIS_WORKERS",
        description="How many utterances are synthesised at once; measured on this machine by default.",
    )
    kernels: Literal["auto", "off"] = Field(
        default="auto",
        validation_alias="SAYSO_KERNELS",
        description="Whether native code makes most of Kokoro's sound, in about half the time: auto for where it was "
        "compiled and computes what the ONNX graph does; off for the graph alone.",
    )
    idle_unload_seconds: NonNegativeInt = Field(
        default=0,
        validation_alias="SAYSO_IDLE_UNLOAD_SECONDS",
        description="After how many idle seconds a model is unloaded; 0 for never.",
    )
    breaker_open_seconds: PositiveFloat = Field(
        default=30.0,
        validation_alias="SAYSO_BREAKER_OPEN_SECONDS",
        description="How long an engine that keeps failing is not called, in seconds.",
    )
    places: PositiveInt = Field(
        default=64,
        validation_alias="SAYSO_PLACES",
        description="How many requests for speech or transcription are admitted at once; more are answered with 429. "
        "A single client may have at most half of them.",
    )
    max_audio_seconds: PositiveFloat = Field(
        default=4 * 3600.0,
        validation_alias="SAYSO_MAX_AUDIO_SECONDS",
        description="Length of the longest recording that is transcribed, in seconds.",
    )
    cache_dir: Directory = Field(
        default_factory=lambda: in_user_cache("speech"),
        validation_alias="SAYSO_CACHE_DIR",
        description="Directory of the speech cache; in the user's cache directory by default.",
    )
    cache_max_bytes: PositiveInt = Field(
        default=2 * ONE_GIB,
        validation_alias="SAYSO_CACHE_MAX_BYTES",
        description="The largest size of the speech cache, in bytes.",
    )
    cache_per_owner: bool = Field(
        default=False,
        validation_alias="SAYSO_CACHE_PER_OWNER",
        description="Whether each API key has a separate part of the speech cache. In a shared cache, the speed of a "
        "response reveals whether another key requested the same sentence.",
    )
    cache_s3: str | None = Field(
        default=None,
        pattern=r"^s3://[^/\s]+(/\S*)?$",
        validation_alias="SAYSO_CACHE_S3",
        description="S3 prefix (s3://bucket/prefix) of a speech cache that workers share, behind their local caches.",
    )

    @property
    def whisper_directory(self) -> Path | None:
        """The directory that ``SAYSO_WHISPER_MODEL`` names; None if it names a model of the catalogue."""
        return Path(self.whisper_model).expanduser().absolute() if "/" in self.whisper_model else None


class ModelSourceSettings(EnvironmentSettings):
    """The sources of models, and whether missing ones are pulled by themselves."""

    models_dir: Directory | None = Field(
        default=None,
        validation_alias="SAYSO_MODELS_DIR",
        description="Directory that `sayso models pull` tries first, such as a mirror on a shared disk.",
    )
    models_s3: str | None = Field(
        default=None,
        pattern=r"^s3://[^/\s]+(/\S*)?$",
        validation_alias="SAYSO_MODELS_S3",
        description="S3 prefix (s3://bucket/prefix) that `sayso models pull` tries before any public source.",
    )
    offline: bool = Field(
        default=False,
        validation_alias="SAYSO_OFFLINE",
        description="Never use the network to pull models.",
    )
    pull_models: bool = Field(
        default=True,
        validation_alias="SAYSO_PULL_MODELS",
        description="Whether a model that is missing is pulled when it is first used. The images set it to false: the "
        "models are part of them.",
    )
