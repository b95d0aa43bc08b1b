"""The exceptions that Sayso raises, as one tree: it tells whose fault an error is, and whether a retry can help.

    SaysoError
      InvalidInput                  the caller's mistake
        NothingToSay  NotText  NotSubtitles  NotAudio
        UnknownVoice  MalformedVoice  NoSuchJob  IdempotencyKeyReused
        UnsupportedLanguage
          LanguageNotInstalled
        UtteranceTooLong  SpeechTooLong  AudioTooLong  AudioTooShort  TooLarge
        FetchRefused
          FetchFailed               *
      NotAllowed                    no valid API key
        ScopeMissing
      Busy                          * no capacity now
      EngineUnavailable             * another engine may succeed
      EngineFailed                  the engine's mistake
      EverythingFailed              * every engine failed
      ServiceUnavailable            * a queue, a database or a storage
        ResourceMissing             *
      NotInstalled  ModelCorrupt  SourceFailed *
      ModelMissing
        ModelArriving  *            it is being pulled
        ModelReplaced
      OutputFailed  CannotListen    the machine refuses
      Cancelled  DeadlineExceeded * the work was stopped
      ProcessDied *  AttemptsUsedUp  LeaseLost  OutputChanged
      NotDelivered *  DeliveryRefused

A star marks the errors that are retryable: the same call may succeed later without any change.

Adapters raise only these: no vendor's exception crosses a Protocol. Each entry point maps a class to an exit code or
an HTTP status. Code never matches an error by its text.
"""

from __future__ import annotations

import re
from typing import ClassVar

_CAPITAL = re.compile(r"(?<!^)([A-Z])")


class SaysoError(Exception):
    """The base class of all errors that Sayso raises.

    Attributes:
        message: what happened, in one sentence for the user.
        hint: what to do about it, usually a command; may be None.
        retryable: whether the same call may succeed later without any change.
        retry_after_seconds: when to retry, if the server said so.
        public_message: what a server's callers see instead of the message and the hint, where those are for the
            operator because they name files, libraries or services of the machine. None if callers may see the message.
    """

    retryable: ClassVar[bool] = False
    public_message: ClassVar[str | None] = None
    retry_after_seconds: float | None = None

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def code(self) -> str:
        """The kind of error for programs: the name of its class, as ``unknown_voice``."""
        return _CAPITAL.sub(r"_\1", type(self).__name__).lower()

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by attributes, not by constructor arguments, which differ between classes."""
        return _restored, (type(self), self.__dict__.copy())

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message

    def for_callers(self) -> str:
        """The message for a caller who requested the work and does not operate the server."""
        if self.public_message is not None:
            return self.public_message
        return f"{_sentence(self.message)} {self.hint}" if self.hint else self.message


def _sentence(text: str) -> str:
    """The text, with a full stop at the end."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _restored(kind: type[SaysoError], attributes: dict[str, object]) -> SaysoError:
    error = kind.__new__(kind, attributes["message"])
    error.__dict__.update(attributes)
    return error


class InvalidInput(SaysoError):
    """The request is invalid; a retry does not help.

    Attributes:
        is_for_one_engine: whether it is invalid for one engine only, so that another one may accept it.
    """

    is_for_one_engine: bool = False


class NothingToSay(InvalidInput):
    """The text holds nothing that can be spoken."""


class NotText(InvalidInput):
    """The input is not text in a supported encoding."""


class UnknownVoice(InvalidInput):
    """No installed engine has this voice."""


class MalformedVoice(InvalidInput):
    """The name of a voice, or of a blend of voices, cannot be read."""


class UnsupportedLanguage(InvalidInput):
    """A component does not support this language."""

    is_for_one_engine = True


class LanguageNotInstalled(UnsupportedLanguage):
    """A language needs an optional component that is missing here; the hint says how to install it."""

    public_message = "A part that this language needs is not installed on the server."


class UtteranceTooLong(InvalidInput):
    """The utterance exceeds the engine's limit; split it."""


class NotAudio(InvalidInput):
    """The input holds no audio that can be decoded."""


class AudioTooLong(InvalidInput):
    """The audio is longer than the limit."""


class AudioTooShort(InvalidInput):
    """The audio is too short to hold a word."""


class SpeechTooLong(InvalidInput):
    """The text would take longer to speak than one request may."""


class TooLarge(InvalidInput):
    """The input is larger than the limit."""


class FetchRefused(InvalidInput):
    """A URL cannot be fetched, or its content cannot be used; the caller must name another URL."""


class FetchFailed(FetchRefused):
    """A URL could not be fetched this time: its host was down or busy, or closed the connection."""

    retryable = True

    def __init__(self, message: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class NotSubtitles(InvalidInput):
    """The input is not in a supported subtitle format."""


class NotInstalled(SaysoError):
    """An optional component is required and missing; the hint says how to install it."""

    public_message = "A part that this needs is not installed on the server."


class ModelMissing(SaysoError):
    """A model's files are not on this machine; the hint says how to get them."""

    public_message = "A model that this needs is not on the server: sayso models pull gets it."


class ModelArriving(ModelMissing):
    """A model is being pulled, or will be when it is needed; the same call succeeds once it is here.

    Attributes:
        retry_after_seconds: about how long that takes.
    """

    retryable = True
    retry_after_seconds: float

    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds

    def for_callers(self) -> str:
        """The message, which names models and no files."""
        return f"A model that this needs is not here yet. {self.message}"


class ModelReplaced(ModelMissing):
    """The files that a model was opened from are others now; what is there is opened again."""


class ModelCorrupt(SaysoError):
    """A model's file does not match the checksum in its catalogue entry."""

    public_message = "A model on the server is damaged: sayso models verify finds it."


class SourceFailed(SaysoError):
    """No source delivered a model's file."""

    retryable = True


class EngineFailed(SaysoError):
    """An engine failed on valid input."""

    public_message = "The engine failed on this input; the server's log says why."


class OutputFailed(SaysoError):
    """A result could not be written: no permission, no space, not a directory."""

    def for_callers(self) -> str:
        """See `SaysoError.for_callers`: the reason, without the path of the file."""
        reason = self.__cause__.strerror if isinstance(self.__cause__, OSError) else None
        return f"The server could not write a file: {reason}." if reason else "The server could not write a file."


class CannotListen(SaysoError):
    """A server cannot bind its address: it is in use, not an address of this machine, or not allowed to this user."""


class NotAllowed(SaysoError):
    """The caller may not do this: the API key is missing or wrong."""


class ScopeMissing(NotAllowed):
    """The caller's API key is valid, but lacks the scope that this request needs."""


class Cancelled(SaysoError):
    """The caller cancelled the work."""


class DeadlineExceeded(SaysoError):
    """The work exceeded its time limit."""

    retryable = True


class Busy(SaysoError):
    """There is no capacity for more work now.

    Attributes:
        retry_after_seconds: when a retry is likely to succeed.
    """

    retryable = True
    retry_after_seconds: float

    def __init__(self, message: str, *, retry_after_seconds: float, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_seconds = retry_after_seconds


class EngineUnavailable(SaysoError):
    """An engine cannot be used now, whatever the input is; another engine may succeed.

    Attributes:
        reason: one word, or two joined by underscores, as logs and metrics use it: ``timeout``, ``rate_limited``,
            ``rejected_key`` …
        retry_after_seconds: how long the engine asked callers to wait; None when it did not say.
    """

    retryable = True

    def __init__(
        self, message: str, *, reason: str, retry_after_seconds: float | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds


class ServiceUnavailable(SaysoError):
    """A queue, a database or a storage does not answer, or reports that it is unavailable; a retry may succeed."""

    retryable = True


class ResourceMissing(ServiceUnavailable):
    """A queue, a table or a bucket that the settings name does not exist (yet); work waits until it does."""


class ProcessDied(SaysoError):
    """The process that did the work died before it finished: it was killed, or ran out of memory."""

    retryable = True


class AttemptsUsedUp(SaysoError):
    """The work failed as often as it may be attempted."""


class LeaseLost(SaysoError):
    """Another worker has the lease now, or the work was cancelled; its results may not be published."""


class OutputChanged(SaysoError):
    """The object to be replaced has been changed by another writer."""


class NoSuchJob(InvalidInput):
    """There is no job or narration with this identifier."""


class IdempotencyKeyReused(InvalidInput):
    """The caller used the same idempotency key for a different request."""


class NotDelivered(SaysoError):
    """A delivery to a URL failed; a retry may succeed."""

    retryable = True


class DeliveryRefused(SaysoError):
    """The receiver at a URL refused a delivery for good."""


class EverythingFailed(SaysoError):
    """Every engine that could have done the work failed; the message names each with its reason.

    Args:
        message: for the operator.
        public_message: the same for callers.
    """

    retryable = True

    def __init__(self, message: str, *, public_message: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self._for_callers = public_message

    def for_callers(self) -> str:
        """See `SaysoError.for_callers`."""
        return self._for_callers or super().for_callers()
