"""AWS for the tests of this directory: one server, one proxy that can fail, clients, and tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sayso.aws.session import Aws
from sayso.jobs.dynamodb import DynamoTaskStore
from support.aws.faults import aws_faults

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from sayso.aws.session import AwsClient
    from support.aws.faults import AwsFaults
    from support.aws.server import AwsPlace


@pytest.fixture(scope="session")
def place(aws_place: AwsPlace) -> AwsPlace:
    """AWS."""
    return aws_place


@pytest.fixture(scope="session")
def proxy(place: AwsPlace) -> Iterator[AwsFaults]:
    """The proxy in front of it."""
    with aws_faults(place.url) as faults:
        yield faults


@pytest.fixture
def faults(proxy: AwsFaults) -> Iterator[AwsFaults]:
    """The proxy, calm and without a past."""
    proxy.forget()
    yield proxy
    proxy.calm()


@pytest.fixture(scope="session")
async def aws(place: AwsPlace, proxy: AwsFaults) -> AsyncIterator[Aws]:
    """A session that goes through the proxy."""
    aws = Aws(place.access(proxy.url))
    yield aws
    await aws.close()


@pytest.fixture(scope="session")
async def sqs(aws: Aws) -> AwsClient:
    """A client of SQS, which the tests share: to make one takes long."""
    return await aws.client("sqs")


@pytest.fixture(scope="session")
async def dynamodb(aws: Aws) -> AwsClient:
    """A client of DynamoDB, which the tests share."""
    return await aws.client("dynamodb")


@pytest.fixture(scope="module")
def table(place: AwsPlace) -> str:
    """A table of tasks for a module; each test has a parent of its own."""
    return place.make_table()


@pytest.fixture
def parent(request: pytest.FixtureRequest) -> str:
    """A parent that nobody else has."""
    return str(request.node.name)


@pytest.fixture
def store(dynamodb: AwsClient, table: str) -> DynamoTaskStore:
    """The store of tasks over that table."""
    return DynamoTaskStore(dynamodb, table)
