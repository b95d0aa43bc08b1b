"""Links open one file under one name until they expire."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from sayso.storage import LinkSigner

NOW = 1_800_000_000.5


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


def parts(url: str) -> dict[str, str]:
    """What a link says, as `LinkSigner.verify` takes it."""
    split = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(split.query, keep_blank_values=True).items()}
    return {
        "names": unquote(split.path.removeprefix("/files/")),
        "expires": query["expires"],
        "file_name": query["name"],
        "signature": query["signature"],
    }


def verify(signer: LinkSigner, link: dict[str, str]) -> bool:
    return signer.verify(
        link["names"], expires=link["expires"], file_name=link["file_name"], signature=link["signature"]
    )


printable = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(names=printable, file_name=printable)
def test_a_link_opens_what_it_was_made_for(names: str, file_name: str) -> None:
    """A link comes back from its URL as it went in, and is good."""
    signer = LinkSigner([b"secret"], clock=Clock())
    link = parts(signer.signed_path(names, seconds=60, file_name=file_name))
    assert (link["names"], link["file_name"]) == (names, file_name)
    assert verify(signer, link)


@given(
    which=st.sampled_from(["names", "expires", "file_name", "signature"]),
    other=st.text(max_size=70) | st.integers(int(NOW), int(NOW) + 1000).map(str),
)
def test_an_altered_link_opens_nothing(which: str, other: str) -> None:
    """Whichever part of a link is changed, and to whatever, it is good no longer."""
    signer = LinkSigner([b"secret"], clock=Clock())
    link = parts(signer.signed_path("a/b.mp3", seconds=60, file_name="b.mp3"))
    altered = {**link, which: other}
    assert verify(signer, altered) == (altered == link)


def test_parts_of_a_link_cannot_be_moved() -> None:
    """What stands in one part cannot be taken for another's: a name's digit does not make the link last longer."""
    signer = LinkSigner([b"secret"], clock=Clock())
    link = parts(signer.signed_path("a", seconds=60, file_name="9b"))
    assert not verify(signer, {**link, "expires": f"{link['expires']}9", "file_name": "b"})


def test_a_link_expires() -> None:
    """It is good to the last moment, and not after it."""
    clock = Clock()
    signer = LinkSigner([b"secret"], clock=clock)
    link = parts(signer.signed_path("a", seconds=60, file_name="b"))
    clock.now = NOW + 59
    assert verify(signer, link)
    clock.now = NOW + 60
    assert not verify(signer, link)


def test_another_secret_is_another_signature() -> None:
    """A link of one service opens nothing at another."""
    link = parts(LinkSigner([b"secret"]).signed_path("a", seconds=60, file_name="b"))
    assert not verify(LinkSigner([b"other"]), link)


def test_a_link_of_the_previous_key_is_good() -> None:
    """While the secret is replaced, links given out before still open, and new ones are signed with the new key."""
    before = parts(LinkSigner([b"old"]).signed_path("a", seconds=60, file_name="b"))
    during = LinkSigner([b"new", b"old"])
    assert verify(during, before)
    assert verify(LinkSigner([b"new"]), parts(during.signed_path("a", seconds=60, file_name="b")))
    assert not verify(LinkSigner([b"new"]), before)
