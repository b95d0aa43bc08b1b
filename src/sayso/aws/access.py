"""How to reach AWS: the region, the endpoint, the credentials and the time limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sayso.resilience.retry_policies import AWS_CALL, RetryPolicy

if TYPE_CHECKING:
    from typing import Self

    from sayso.settings.aws import AwsSettings

DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """The time limit and the retries of a call.

    Attributes:
        try_seconds: the time limit of one try, without the time that the service was asked to wait and that a body
            takes.
        retry: when a call is retried.
    """

    try_seconds: float = 5.0
    retry: RetryPolicy = AWS_CALL


@dataclass(frozen=True, kw_only=True, slots=True)
class AwsAccess:
    """How to reach AWS.

    Attributes:
        region: its name.
        endpoint_url: the address of an emulator; None for AWS itself.
        access_key_id: None to use what AWS's own tools find: a task's role, a profile, an instance's role.
        secret_access_key: the secret of that key.
        session_token: the additional token of a temporary key.
        patience: the time limit and the retries of calls.
    """

    region: str = DEFAULT_REGION
    endpoint_url: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    patience: Patience = Patience()

    @property
    def is_encrypted(self) -> bool:
        """Whether the endpoint uses HTTPS."""
        return self.endpoint_url is None or self.endpoint_url.startswith("https://")

    @classmethod
    def of(cls, settings: AwsSettings) -> Self:
        """From the settings."""
        secret, token = settings.aws_secret_access_key, settings.aws_session_token
        return cls(
            region=settings.aws_region or DEFAULT_REGION,
            endpoint_url=settings.aws_endpoint_url,
            access_key_id=settings.aws_access_key_id,
            secret_access_key=None if secret is None else secret.get_secret_value(),
            session_token=None if token is None else token.get_secret_value(),
        )
