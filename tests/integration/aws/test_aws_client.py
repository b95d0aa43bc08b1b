"""Calls on AWS: who asks, what refusals and failures mean, and what is never told."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from sayso.aws.errors import AwsRefusal
from sayso.aws.session import Aws, AwsAccess
from sayso.errors import InvalidInput, NotInstalled, ServiceUnavailable
from sayso.settings import Settings
from support.aws.server import QUICK

if TYPE_CHECKING:
    from sayso.aws.session import AwsClient
    from support.aws.faults import AwsFaults
    from support.aws.server import AwsPlace


def test_access_is_what_the_settings_say() -> None:
    """Region, endpoint and keys come from the settings; what they leave out is AWS's own way."""
    settings = Settings(
        aws_region="eu-west-1",
        aws_endpoint_url="http://localhost:4566",
        aws_access_key_id="key",
        aws_secret_access_key=SecretStr("hush-hush"),
        aws_session_token=SecretStr("hush-too"),
    )
    access = AwsAccess.of(settings)
    assert (access.region, access.endpoint_url) == ("eu-west-1", "http://localhost:4566")
    assert (access.access_key_id, access.secret_access_key) == ("key", "hush-hush")
    assert access.session_token == "hush-too"  # noqa: S105 -- nobody's
    assert "hush" not in repr(access)
    nothing = dict.fromkeys(name for name in Settings.model_fields if name.startswith("aws_"))
    assert AwsAccess.of(settings.model_copy(update=nothing)) == AwsAccess(region="us-east-1")


async def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without aiobotocore the hint is the command that installs it."""
    monkeypatch.setitem(sys.modules, "aiobotocore.session", None)
    with pytest.raises(NotInstalled, match="extra `aws`") as caught:
        await Aws(AwsAccess()).client("sqs")
    assert "[aws]" in (caught.value.hint or "")


async def test_a_region_that_cannot_be_one_is_a_mistake() -> None:
    """It is told at the start, with the variables to look at."""
    with pytest.raises(InvalidInput) as caught:
        await Aws(AwsAccess(region="not a region!")).client("sqs")
    assert "AWS_REGION" in (caught.value.hint or "")


@pytest.mark.parametrize("endpoint_url", ["http://127.0.0.1:9", "http://nowhere.invalid", "https://127.0.0.1:9"])
async def test_nobody_there_is_unavailability(endpoint_url: str) -> None:
    """An address where nobody answers is told of without the secret, after a few tries."""
    access = AwsAccess(
        endpoint_url=endpoint_url,
        access_key_id="key",
        secret_access_key="hush-hush",  # noqa: S106 -- nobody's
        patience=QUICK,
    )
    async with Aws(access) as aws:
        client = await aws.client("sqs")
        with pytest.raises(ServiceUnavailable, match="sqs does not answer list_queues") as caught:
            await client.call("list_queues")
    assert "hush-hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "error", "tries"),
    [
        ("com.amazonaws.sqs#RequestThrottled", ServiceUnavailable, QUICK.retry.attempts),
        ("RequestTimeout", ServiceUnavailable, QUICK.retry.attempts),
        ("ExpiredTokenException", ServiceUnavailable, 1),
        ("InvalidClientTokenId", ServiceUnavailable, 1),
        ("KMS.AccessDeniedException", ServiceUnavailable, 1),
        ("KMS.ThrottlingException", ServiceUnavailable, QUICK.retry.attempts),
        ("KmsThrottled", ServiceUnavailable, QUICK.retry.attempts),
        ("OverLimit", ServiceUnavailable, QUICK.retry.attempts),
        ("InvalidSecurity", ServiceUnavailable, 1),
        ("InvalidAccessKeyId", ServiceUnavailable, 1),
        ("RequestTimeTooSkewed", ServiceUnavailable, 1),
        ("ValidationException", ServiceUnavailable, 1),
        ("SomethingNobodyKnows", ServiceUnavailable, 1),
    ],
)
async def test_a_refusal_means_what_its_code_says(
    sqs: AwsClient, faults: AwsFaults, code: str, error: type[Exception], tries: int
) -> None:
    """No refusal is the caller's fault unless the caller expects it; what passes by itself is tried again."""
    faults.refuse("ListQueues", code, times=QUICK.retry.attempts)
    with pytest.raises(error, match=code.rpartition("#")[2]):
        await sqs.call("list_queues")
    assert faults.seen("ListQueues") == tries


async def test_a_refusal_that_is_expected_is_handed_out(sqs: AwsClient, faults: AwsFaults) -> None:
    """With its code, without the prefix that only some protocols have, and with the number of the try."""
    faults.refuse("ListQueues", "RequestThrottled")
    faults.refuse("ListQueues", "AWS.SimpleQueueService.QueueDoesNotExist")
    with pytest.raises(AwsRefusal) as caught:
        await sqs.call("list_queues", refusals={"QueueDoesNotExist"})
    assert (caught.value.code, caught.value.tries) == ("QueueDoesNotExist", 2)


async def test_what_cannot_be_asked_is_not(sqs: AwsClient, faults: AwsFaults) -> None:
    """Parameters that botocore refuses are the caller's fault, and nothing is sent."""
    with pytest.raises(InvalidInput, match="cannot execute"):
        await sqs.call("receive_message", QueueUrl=7)
    assert faults.history == []


async def test_the_time_is_the_service_s_own(place: AwsPlace) -> None:
    """Before its first answer a service has told no time; even a refusal tells it."""
    async with Aws(place.access(), clock=lambda: 5.0) as aws:
        client = await aws.client("sqs")
        was_set = client.server_clock.is_set
        with pytest.raises(RuntimeError):
            client.server_clock.now()
        with pytest.raises(ServiceUnavailable):
            await client.call("get_queue_url", QueueName="none")
        assert (was_set, client.server_clock.is_set) == (False, True)
        now = client.server_clock.now()
        client.server_clock.record({"date": "whenever"})
        client.server_clock.record({})
        assert client.server_clock.now() == now
