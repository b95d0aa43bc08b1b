"""AWS, or an emulator of it."""

from __future__ import annotations

from pydantic import Field, SecretStr

from sayso.settings.base import EnvironmentSettings


class AwsSettings(EnvironmentSettings):
    """Region, endpoint and credentials of AWS."""

    aws_region: str | None = Field(
        default=None,
        validation_alias="AWS_REGION",
        description="Region of AWS's services: us-east-1 by default; for models and the speech cache in S3, what "
        "AWS's own tools use.",
    )
    aws_endpoint_url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        validation_alias="AWS_ENDPOINT_URL",
        description="Address of an S3-compatible service in place of AWS.",
    )
    aws_access_key_id: str | None = Field(
        default=None, validation_alias="AWS_ACCESS_KEY_ID", description="Name of the AWS access key."
    )
    aws_secret_access_key: SecretStr | None = Field(
        default=None, validation_alias="AWS_SECRET_ACCESS_KEY", description="The AWS access key's secret."
    )
    aws_session_token: SecretStr | None = Field(
        default=None,
        validation_alias="AWS_SESSION_TOKEN",
        description="The session token of a temporary AWS access key.",
    )
