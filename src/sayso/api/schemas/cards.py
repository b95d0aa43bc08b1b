"""The fields of requests for cards, by the names that the application's clients use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from sayso.api.schemas.audio import Body, FormBody
from sayso.cards.phrases import MAXIMUM_PHRASES, language_of_key
from sayso.cards.records import JobStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

LARGEST_PAGE = 100

MAXIMUM_BYTES = 8 * 2**20
"""The largest body: 200 phrases of two languages, each as long as one that is spoken, in any script."""

_LONGEST_ID = 500

# PostgreSQL stores every character but NUL.
_Storable = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
_Id = Annotated[str, StringConstraints(min_length=1, max_length=_LONGEST_ID, pattern=r"^[^\x00]*$")]


class PhraseBody(Body):
    """A phrase in each of its languages; ``textEs`` and the like are further ones. A text may be missing."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, _Storable | None]

    text_en: _Storable | None = Field(default=None, alias="textEn", description="In English.", examples=["the lamp"])
    text_fr: _Storable | None = Field(default=None, alias="textFr", description="In French.", examples=["la lampe"])
    card_id: _Id | None = Field(default=None, alias="cardId", description="The card that gets the URLs.")

    @model_validator(mode="after")
    def _only_languages(self) -> Self:
        unknown = [name for name in self.__pydantic_extra__ if language_of_key(name) is None]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is not a field of a phrase; they are textEn, textFr … and cardId")
        return self


class GenerateBody(Body):
    """The phrases of a deck to speak."""

    deck_id: _Id = Field(alias="deckId", description="The deck.", examples=["deck-1"])
    phrases: list[PhraseBody] = Field(
        min_length=1, max_length=MAXIMUM_PHRASES, description=f"The phrases, at most {MAXIMUM_PHRASES}."
    )

    def stored_phrases(self) -> list[Mapping[str, Any]]:
        """The phrases for the application's table, as they were sent."""
        return [phrase.model_dump(by_alias=True, exclude_unset=True) for phrase in self.phrases]


class JobsQuery(FormBody):
    """A page of the list of jobs."""

    deck_id: str | None = Field(default=None, alias="deckId", description="Only jobs of this deck.")
    status: JobStatus | None = Field(default=None, description="Only jobs with this status.")
    limit: int = Field(default=20, ge=1, le=LARGEST_PAGE, description="The largest number of jobs.")
    after: str | None = Field(default=None, description="The id of the last job of the previous page.")
