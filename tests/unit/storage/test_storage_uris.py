"""URIs say one thing, and never lead out of where they should stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.errors import InvalidInput
from sayso.storage.root import Root
from sayso.storage.uris import bucket_and_key, file_names, is_file_name, uri_within

if TYPE_CHECKING:
    from pathlib import Path

names = st.text(min_size=1, max_size=60).filter(lambda name: "/" not in name and is_file_name(name))


@given(names=st.lists(names, min_size=1, max_size=4))
def test_a_files_uri_gives_back_its_names(names: list[str]) -> None:
    """Whatever names a file has, its URI is ASCII and means just these."""
    uri = uri_within("file:///the root/", *names)
    assert uri.removeprefix("file:///the root/").isascii()
    assert file_names(uri) == ("the root", *names)


@given(names=st.lists(names, min_size=1, max_size=4))
def test_a_key_is_what_was_written(names: list[str]) -> None:
    """A key of S3 stands in its URI as it is."""
    uri = uri_within("s3://bucket/prefix", *names)
    assert uri == f"s3://bucket/prefix/{'/'.join(names)}"
    assert bucket_and_key(uri) == ("bucket", f"prefix/{'/'.join(names)}")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0", "a\x7f", "\udc80"])
def test_no_uri_is_made_of_a_name_that_no_file_can_have(name: str) -> None:
    """A name that would climb, separate or vanish is refused before there is a URI."""
    for base in ("s3://bucket", "file:///root"):
        with pytest.raises(InvalidInput):
            uri_within(base, "fine", name)


@pytest.mark.parametrize(
    "path",
    ["/a%2Fb", "/a/%2e%2e/b", "/%2e", "/a%00", "/a%0a", "/a//b", "/a?b", "/a#b", "/a%ff", "/%E4%BD", "/.sayso-lock"],
)
def test_what_could_be_read_in_two_ways_is_refused(path: str) -> None:
    """Encoded separators and steps, queries, half characters and the storage's own names are refused."""
    with pytest.raises(InvalidInput):
        file_names(f"file://{path}")


@pytest.mark.parametrize("uri", ["file://host/a", "file:/a", "file://", "FILE:///a"])
def test_a_file_is_on_this_machine(uri: str) -> None:
    """A URI with a host, or without the three slashes, is refused."""
    with pytest.raises(InvalidInput):
        file_names(uri)


@pytest.mark.parametrize("uri", ["s3://b_ucket!/a", "s3://a/b", "s3://-bucket/a", "s3://bucket%2fa/b"])
def test_a_bucket_has_a_buckets_name(uri: str) -> None:
    """What cannot be a bucket's name is refused, and never sent to anybody."""
    with pytest.raises(InvalidInput):
        bucket_and_key(uri)


def test_the_rest_is_the_key() -> None:
    """Everything after the bucket is the key, with what would mean something in other URIs."""
    assert bucket_and_key("s3://bucket/a//b%2F?c#d e+f") == ("bucket", "a//b%2F?c#d e+f")


@given(tail=st.text(alphabet="./%2eEfF\\ab\0", max_size=20))
def test_no_uri_leaves_the_root(tmp_path_factory: pytest.TempPathFactory, tail: str) -> None:
    """Whatever follows the root in a URI, the file is below it, or the URI is refused."""
    directory = tmp_path_factory.getbasetemp() / "root"
    try:
        path = Root(directory).of_uri(f"{directory.as_uri()}/{tail}")
    except InvalidInput:
        return
    assert path.resolve().is_relative_to(directory.resolve())
    assert path.resolve() != directory.resolve()


def test_a_link_out_of_the_root_is_not_followed(tmp_path: Path) -> None:
    """A directory or a file that is a link to the outside is refused, one within is followed, a circle is refused."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "inside").mkdir(parents=True)
    outside.mkdir()
    (root / "out").symlink_to(outside)
    (root / "dangling").symlink_to(outside / "nothing")
    (root / "in").symlink_to(root / "inside")
    (root / "circle").symlink_to(root / "circle")
    for names in ("out/a", "dangling", "circle", "circle/a"):
        with pytest.raises(InvalidInput):
            Root(root).of_names(names)
    assert Root(root).of_names("in/a") == root.resolve() / "inside" / "a"


def test_a_root_may_be_named_by_a_link(tmp_path: Path) -> None:
    """A root that is a link takes URIs by the link's name and by the directory's."""
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    root = Root(tmp_path / "link")
    assert root.of_uri(f"{tmp_path.as_uri()}/link/a") == root.of_uri(f"{tmp_path.as_uri()}/real/a") == real / "a"
    assert root.names_of(root.of_names("a/b c")) == "a/b c"
