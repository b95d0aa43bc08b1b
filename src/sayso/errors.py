"""Everything that can go wrong, as one tree: whose fault it is, and whether trying again can help.

Adapters raise these and nothing else: no vendor's exception crosses a Protocol. An entry point decides what
each kind becomes (an exit code, an HTTP status); nothing matches an error by its text.
"""

from __future__ import annotations

from typing import ClassVar


class SaysoError(Exception):
    """Something went wrong.

    Attributes:
        message: what happened, in one sentence a user can read.
        hint: what to do about it, usually a command; may be None.
        retryable: whether the same call may succeed later without anything being changed.
        retry_after_seconds: when, where somebody has said so.
        public_message: what callers of a server are told in place of the message and the hint, where these are for
            whoever runs it: they name files, libraries or services of the machine. None where they may be told.
    """

    retryable: ClassVar[bool] = False
    public_message: ClassVar[str | None] = None
    retry_after_seconds: float | None = None

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        """For errors that cross to another process: constructors differ, and what they made is kept."""
        return _revived, (type(self), self.__dict__.copy())

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message

    def for_callers(self) -> str:
        """What somebody is told who asked for the work and does not run the machine."""
        if self.public_message is not None:
            return self.public_message
        return f"{_sentence(self.message)} {self.hint}" if self.hint else self.message


def _sentence(text: str) -> str:
    """A text with the full stop that it may lack."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _revived(kind: type[SaysoError], facts: dict[str, object]) -> SaysoError:
    error = kind.__new__(kind, facts["message"])
    error.__dict__.update(facts)
    return error


class InvalidInput(SaysoError):
    """The caller asked for something that cannot be done; asking again will not help."""


class NothingToSay(InvalidInput):
    """The text holds nothing that can be spoken."""


class NotText(InvalidInput):
    """The input is not text in an encoding Sayso reads."""


class UnknownVoice(InvalidInput):
    """No engine that is installed has this voice."""


class UnsupportedLanguage(InvalidInput):
    """No part that is installed handles this language."""


class UtteranceTooLong(InvalidInput):
    """The utterance exceeds what the engine can speak in one go; speak it in parts."""


class NotAudio(InvalidInput):
    """The input holds no audio that can be decoded."""


class AudioTooLong(InvalidInput):
    """The input decodes to more audio than is taken."""


class AudioTooShort(InvalidInput):
    """The input holds too little audio to hear a word in."""


class SpeechTooLong(InvalidInput):
    """The text would take longer to speak than is made at once."""


class TooLarge(InvalidInput):
    """The input is larger than is taken."""


class FetchRefused(InvalidInput):
    """A URL is not fetched, or does not give what was asked for: the caller must name another."""


class FetchFailed(FetchRefused):
    """A URL did not give what was asked for this time: its host was down or busy, or broke off."""

    retryable = True

    def __init__(self, message: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class NotSubtitles(InvalidInput):
    """The input is not a subtitle file Sayso reads."""


class NotInstalled(SaysoError):
    """A part that is optional is needed here and missing; the hint says how to install it."""

    public_message = "A part that this needs is not installed on the server."


class ModelMissing(SaysoError):
    """A model's files are not on this machine; the hint says how to get them."""

    public_message = "A model that this needs is not on the server: sayso models pull gets it."


class ModelCorrupt(SaysoError):
    """A model's file does not have the content its catalogue entry promises."""

    public_message = "A model on the server is damaged: sayso models verify finds it."


class SourceFailed(SaysoError):
    """No source could deliver a model's file."""

    retryable = True


class EngineFailed(SaysoError):
    """An engine broke on input that it should have handled."""

    public_message = "The engine failed on this input; the server's log says why."


class OutputFailed(SaysoError):
    """A result could not be written: no permission, no space, not a directory."""

    def for_callers(self) -> str:
        """See `SaysoError.for_callers`: the reason, without the file."""
        reason = self.__cause__.strerror if isinstance(self.__cause__, OSError) else None
        return f"The server could not write a file: {reason}." if reason else "The server could not write a file."


class CannotListen(SaysoError):
    """A service cannot have its address: it is in use, not this machine's, or not for this user."""


class NotAllowed(SaysoError):
    """The caller may not do this: no key, or a wrong one."""


class ScopeMissing(NotAllowed):
    """The caller's key is known, and does not have the scope that this needs: another key is needed."""


class Cancelled(SaysoError):
    """Whoever asked for the work no longer waits for it."""


class DeadlineExceeded(SaysoError):
    """The work did not end within the time that it was given."""

    retryable = True


class Busy(SaysoError):
    """There is no room for more work now.

    Attributes:
        retry_after_seconds: when asking again is likely to succeed.
    """

    retryable = True
    retry_after_seconds: float

    def __init__(self, message: str, *, retry_after_seconds: float, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_seconds = retry_after_seconds


class EngineUnavailable(SaysoError):
    """An engine cannot be used now, whatever is asked of it: another engine may serve.

    Attributes:
        reason: why, in one word or two joined by underscores, as logs and metrics count it: ``timeout``,
            ``rate_limited``, ``rejected_key`` …
        retry_after_seconds: how long the engine asked to be left alone; None when it did not say.
    """

    retryable = True

    def __init__(
        self, message: str, *, reason: str, retry_after_seconds: float | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds


class ServiceUnavailable(SaysoError):
    """A queue, a database or a storage does not answer, or answers that it cannot: the same call may succeed later."""

    retryable = True


class ResourceMissing(ServiceUnavailable):
    """A queue, a table or a bucket that the settings name does not exist, or not yet: work waits until it does."""


class ProcessDied(SaysoError):
    """The process that did the work did not live to its end: it was killed, or ran out of memory."""

    retryable = True


class AttemptsUsedUp(SaysoError):
    """The work was begun as often as it may be, and came to no end."""


class LeaseLost(SaysoError):
    """Somebody else has the work now, or it was cancelled: nothing more of it may be published."""


class OutputChanged(SaysoError):
    """What was to be replaced is not what it was: somebody else has written it meanwhile."""


class NoSuchJob(InvalidInput):
    """There is no job, or no narration, of this name."""


class IdempotencyKeyReused(InvalidInput):
    """The caller has given the same key to another request before."""


class NotDelivered(SaysoError):
    """What was sent to a URL did not arrive, or was not taken; it may be later."""

    retryable = True


class DeliveryRefused(SaysoError):
    """What was sent to a URL will never be taken there."""


class EverythingFailed(SaysoError):
    """Every engine that could have done the work failed; the message names each with its reason.

    Args:
        message: for whoever runs the machine.
        told: the same for callers.
    """

    retryable = True

    def __init__(self, message: str, *, told: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self._told = told

    def for_callers(self) -> str:
        """See `SaysoError.for_callers`."""
        return self._told or super().for_callers()
