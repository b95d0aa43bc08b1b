"""The metrics of cards: phrases by engine, and what was bought."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter

if TYPE_CHECKING:
    from typing import Literal


class CardMetrics:
    """All metrics of cards; any thread may use it.

    Args:
        registry: the registry to which they are added.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._phrases = Counter(
            "sayso_card_phrases",
            "Texts of cards: spoken by an engine, found in the store of speech, or failed for good.",
            ("engine", "outcome"),
            registry=registry,
        )
        self._characters = Counter(
            "sayso_card_characters",
            "Characters of cards that were sent to a paid engine.",
            ("engine",),
            registry=registry,
        )

    def phrase(self, engine: str, outcome: Literal["spoken", "cached", "failed"]) -> None:
        """Count a text; a failed one has no engine."""
        self._phrases.labels(engine, outcome).inc()

    def bought(self, engine: str, characters: int) -> None:
        """Count characters that are sent to a paid engine."""
        self._characters.labels(engine).inc(characters)
