"""Signatures equal those of botocore."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from sayso.aws.s3_reader.signing import Keys, Signer, encode_path, encode_query

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = 1_790_000_000.0
HOST = "bucket.s3.us-west-2.amazonaws.com"


def botocores(method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], keys: Keys) -> str:
    """The header that botocore makes for the same request."""
    url = f"https://{HOST}{path}" + (f"?{encode_query(query)}" if query else "")
    request = AWSRequest(method=method, url=url, headers=dict(headers))
    request.context["payload_signing_enabled"] = True
    credentials = Credentials(keys.access_key_id, keys.secret_access_key, keys.session_token)
    with patch("botocore.auth.get_current_datetime", return_value=datetime.fromtimestamp(NOW, UTC)):
        S3SigV4Auth(credentials, "s3", "us-west-2").add_auth(request)
    return str(request.headers["Authorization"])


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30),
    st.dictionaries(
        st.sampled_from(["versionId", "partNumber", "list-type", "prefix"]), st.text("a +%/~=&é", max_size=9)
    ),
    st.none() | st.just("session-token"),
)
def test_a_signature_is_that_of_botocore(key: str, query: dict[str, str], token: str | None) -> None:
    """For any key, query and kind of credentials."""
    keys = Keys(access_key_id="AKID", secret_access_key="secret", session_token=token)  # noqa: S106
    path = encode_path(f"/{key}")
    headers = {"x-amz-checksum-mode": "ENABLED"}
    signer = Signer(lambda: keys, region="us-west-2", now=lambda: NOW)
    ours = signer.signed("GET", HOST, path, query, {**headers, "range": "bytes=0-1"})
    assert ours["authorization"] == botocores("GET", path, query, headers, keys)
    assert ours["range"] == "bytes=0-1"
    assert ours["x-amz-checksum-mode"] == "ENABLED"
    assert ours.get("x-amz-security-token") == token


def test_without_credentials_nothing_is_signed() -> None:
    """For a public bucket."""
    signer = Signer(lambda: None, region="us-west-2")
    assert signer.signed("GET", HOST, "/key", {}, {"if-match": '"a"'}) == {"if-match": '"a"'}


def test_the_key_of_a_day_is_derived_again_when_the_day_or_the_credentials_change() -> None:
    """And each signature is that of botocore, or a different one for the next day."""
    keys = [Keys(access_key_id="AKID", secret_access_key=secret) for secret in ("one", "two")]
    current = [keys[0]]
    days = [NOW]
    signer = Signer(lambda: current[0], region="us-west-2", now=lambda: days[0])
    first = signer.signed("GET", HOST, "/key", {}, {})["authorization"]
    assert first == botocores("GET", "/key", {}, {}, keys[0])
    current[0] = keys[1]
    assert signer.signed("GET", HOST, "/key", {}, {})["authorization"] == botocores("GET", "/key", {}, {}, keys[1])
    days[0] += 86_400
    assert time.strftime("%Y%m%d", time.gmtime(days[0])) in signer.signed("GET", HOST, "/key", {}, {})["authorization"]


@pytest.mark.parametrize(
    ("key", "path"),
    [("a b", "a%20b"), ("a+b", "a%2Bb"), ("模型/a", "%E6%A8%A1%E5%9E%8B/a"), ("a//../b~c", "a//../b~c")],
)
def test_keys_are_encoded_character_by_character(key: str, path: str) -> None:
    """No path is normalised: these are keys, not paths."""
    assert encode_path(key) == path
