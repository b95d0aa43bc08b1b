"""Where AWS is, who asks, and for how long."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sayso.resilience.retry import AWS_CALL, RetryPolicy

if TYPE_CHECKING:
    from typing import Self

    from sayso.settings.aws import AwsSettings

DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long a call is tried.

    Attributes:
        try_seconds: how long one attempt may take, besides what the service was asked to wait and what a body takes.
        retry: when it is tried again.
    """

    try_seconds: float = 5.0
    retry: RetryPolicy = AWS_CALL


@dataclass(frozen=True, kw_only=True, slots=True)
class AwsAccess:
    """Where AWS is, and who asks.

    Attributes:
        region: its name.
        endpoint_url: the address of what stands in for AWS; None for AWS itself.
        access_key_id: who asks; None for what AWS's own tools find: a task's role, a profile, an instance's role.
        secret_access_key: its secret.
        session_token: what a temporary key has besides.
        patience: how long calls are tried.
    """

    region: str = DEFAULT_REGION
    endpoint_url: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    patience: Patience = Patience()

    @property
    def is_encrypted(self) -> bool:
        """Whether it is reached by HTTPS."""
        return self.endpoint_url is None or self.endpoint_url.startswith("https://")

    @classmethod
    def of(cls, settings: AwsSettings) -> Self:
        """As the settings say."""
        secret, token = settings.aws_secret_access_key, settings.aws_session_token
        return cls(
            region=settings.aws_region or DEFAULT_REGION,
            endpoint_url=settings.aws_endpoint_url,
            access_key_id=settings.aws_access_key_id,
            secret_access_key=None if secret is None else secret.get_secret_value(),
            session_token=None if token is None else token.get_secret_value(),
        )
