"""What the workers are asked for: stories that all differ, some of them long, and messages that cannot be done."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from chaos.hostile import BODIES, BOMBS, PAGES, SILENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

BUCKET = "stories"
"""Where files of AWS go."""

VOICE = {"piper": "en_US-joe-medium", "fake": "fake_en"}
"""The voice of each engine."""

LONG_SHARE = 0.05
POISON_SHARE = 0.03

_SHORT_SENTENCES = (1, 3)
_LONG_SENTENCES = (8, 24)
_LONGEST_SENTENCES = 70  # more than S3 takes in one part, as WAV
_MANY = 100
_EACH_POISON = 3  # jobs from one kind to the next, until each was there
_AUDIO = ("wav", "mp3", "flac", "opus", "aac")
_SUBTITLES = ("srt", "vtt", "json")

_WHO = ("The keeper", "A gull", "The old pilot", "My aunt", "The baker", "A ferry", "The postman", "Nobody")
_DID = ("counted", "heard", "mended", "painted", "forgot", "carried home", "sold", "wrote about")
_WHAT = ("lamps", "oars", "letters", "kettles", "songs", "nets", "clouds", "maps", "ropes", "boats")
_WHERE = ("by the pier", "in the rain", "before dawn", "near the mill", "under the bridge", "at low tide")

Random = random.Random

_Make: TypeAlias = "Callable[[Random, int, str], Order]"


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """A job as its sender has it.

    Attributes:
        name: its parent's id, or the stem of its keys; different for each.
        body: the message.
        text: what is to be heard; "" for a job that cannot be done.
        outputs: where its files go.
        tasks: what is to be completed, as (parent, task), in the order of the outputs; none where there is no status.
        poison: why it cannot be done, or need not be; None for all that must be.
        may_be_done: whether it is as well if it is done, and not put aside.
        group: of a FIFO queue.
    """

    name: str
    body: str
    text: str
    outputs: tuple[str, ...] = ()
    tasks: tuple[tuple[str, str], ...] = ()
    poison: str | None = None
    may_be_done: bool = False
    group: str | None = None


def sentence(chance: Random, number: int) -> str:
    """A sentence of about three seconds; the number makes it another than all others."""
    return f"{chance.choice(_WHO)} {chance.choice(_DID)} {number} {chance.choice(_WHAT)} {chance.choice(_WHERE)}."


def text(chance: Random, job: int, sentences: int) -> str:
    """A story of so many sentences, in paragraphs."""
    told = [sentence(chance, 100 * job + line) for line in range(sentences)]
    paragraphs = [" ".join(told[start : start + 4]) for start in range(0, sentences, 4)]
    return "\n\n".join(paragraphs)


def length(chance: Random, job: int, count: int) -> int:
    """How many sentences the story of a job has; where there are many, the first is the longest of all."""
    if job == 0 and count >= _MANY:
        return _LONGEST_SENTENCES
    return chance.randint(*(_LONG_SENTENCES if chance.random() < LONG_SHARE else _SHORT_SENTENCES))


def aws_orders(
    chance: Random,
    count: int,
    *,
    engine: str,
    groups: int = 0,
    hostile: bool = True,
    first_sentences: int | None = None,
) -> list[Order]:
    """Messages for SQS: in both shapes, bare and out of SNS, and some that cannot be done.

    Args:
        chance: decides.
        count: how many.
        engine: who is to speak.
        groups: of a FIFO queue; 0 for a standard one.
        hostile: whether some of them are hostile.
        first_sentences: how long the first story is; None for what chance says.
    """
    orders = []
    kinds = (*_POISONS, *_HOSTILE) if hostile else _POISONS
    kinds = tuple(chance.sample(kinds, len(kinds)))
    for job in range(count):
        if job == 0 and first_sentences is not None:
            order = _of_tasks(chance, job, engine, first_sentences)
        elif (poison := _poison_at(job, kinds, chance)) is not None:
            order = poison(chance, job, engine)
        elif chance.random() < 0.6:
            order = _of_tasks(chance, job, engine, length(chance, job, count))
        else:
            order = _of_files(chance, job, engine, count)
        body = order.body
        if chance.random() < 0.4:
            body = json.dumps({"Type": "Notification", "MessageId": str(_uuid(chance)), "Message": body})
        group = f"group-{chance.randrange(groups)}" if groups else None
        orders.append(replace(order, body=body, group=group))
    return orders


def narration_orders(chance: Random, count: int, *, engine: str, pages: str | None) -> list[Order]:
    """Narrations for ``POST /v1/narrations``, and jobs that no API would have taken.

    A narration's files have their names once it is accepted.

    Args:
        chance: decides.
        count: how many.
        engine: who is to speak.
        pages: where what `hostile` serves is; None for no hostile documents.
    """
    orders = []
    odd = _ODD_JOBS
    if pages is not None:
        odd += _HOSTILE_NARRATIONS
        odd += tuple(_odd_narration({"text": None, "url": f"{pages}/{page}"}, page) for page in PAGES)
    odd = tuple(chance.sample(odd, len(odd)))
    for job in range(count):
        if (poison := _poison_at(job, odd, chance)) is not None:
            orders.append(poison(chance, job, engine))
            continue
        told = text(chance, job, length(chance, job, count))
        wishes = {
            "text": told,
            "name": f"story {job}",
            "voice": VOICE[engine],
            "audio": [chance.choice(("mp3", "wav", "opus"))],
            "subtitles": chance.sample(_SUBTITLES, chance.randint(1, 3)),
        }
        orders.append(Order(name=f"story-{job:04}", body=json.dumps(wishes), text=told))
    return orders


def _uuid(chance: Random) -> UUID:
    return UUID(int=chance.getrandbits(128), version=4)


def _wishes(chance: Random, engine: str) -> dict[str, Any]:
    wishes: dict[str, Any] = {"voice": VOICE[engine]}
    if chance.random() < 0.3:
        wishes["speed"] = chance.choice((0.8, 1.1, 1.25))
    if chance.random() < 0.3:
        wishes["use_alignment"] = chance.random() < 0.5
    return wishes


def _of_tasks(chance: Random, job: int, engine: str, sentences: int) -> Order:
    name, told = f"parent-{job:04}", text(chance, job, sentences)
    ids = {"parent_id": name, "tts_task_id": f"tts-{job}", "srt_task_id": f"srt-{job}"}
    return Order(
        name=name,
        body=json.dumps({"text": told, **ids, **_wishes(chance, engine)}),
        text=told,
        outputs=(f"s3://{BUCKET}/{name}/tts-{job}.wav", f"s3://{BUCKET}/{name}/srt-{job}.srt"),
        tasks=((name, f"tts-{job}"), (name, f"srt-{job}")),
    )


def _of_files(chance: Random, job: int, engine: str, count: int) -> Order:
    name, told = f"file-{job:04}", text(chance, job, length(chance, job, count))
    audio = f"s3://{BUCKET}/named/{name}.{chance.choice(_AUDIO)}"
    subtitles = f"s3://{BUCKET}/named/{name}.{chance.choice(_SUBTITLES)}"
    body = {"text": told, "audio_out": audio, "subs_out": subtitles, **_wishes(chance, engine)}
    return Order(name=name, body=json.dumps(body), text=told, outputs=(audio, subtitles))


def _poison_at(job: int, kinds: Sequence[_Make], chance: Random) -> _Make | None:
    """What cannot be done of the job of this number: each kind once at the beginning, and then by chance."""
    turn, rest = divmod(job, _EACH_POISON)
    if not rest and 0 < turn <= len(kinds):
        return kinds[turn - 1]
    return chance.choice(kinds) if job and chance.random() < POISON_SHARE else None


def _poison_of_tasks(wish: Mapping[str, Any], why: str, *, may_be_done: bool = False) -> _Make:
    def make(_chance: Random, job: int, engine: str) -> Order:
        name = f"poison-{job:04}"
        ids = {"parent_id": name, "tts_task_id": f"tts-{job}", "srt_task_id": f"srt-{job}"}
        files = (f"s3://{BUCKET}/{name}/tts-{job}.wav", f"s3://{BUCKET}/{name}/srt-{job}.srt")
        return Order(
            name=name,
            body=json.dumps({"text": f"Never heard, {job}.", "voice": VOICE[engine], **ids, **wish}),
            text="",
            outputs=files if may_be_done else (),
            tasks=((name, f"tts-{job}"), (name, f"srt-{job}")),
            poison=why,
            may_be_done=may_be_done,
        )

    return make


def _poison(content: Callable[[int], str], why: str) -> _Make:
    return lambda _chance, job, _engine: Order(name=f"poison-{job:04}", body=content(job), text="", poison=why)


_POISONS: tuple[_Make, ...] = (
    _poison(lambda job: f"poison-{job:04}: this is no JSON", "it is not JSON"),
    _poison(lambda job: json.dumps({"text": f"poison-{job:04}"}), "fields are missing"),
    _poison_of_tasks({"voice": "nobody"}, "there is no such voice"),
    _poison_of_tasks({"text": "…"}, "there is nothing to say"),
)

_HOSTILE: tuple[_Make, ...] = (
    _poison_of_tasks({"text": SILENCE}, "it is silent for two weeks"),
    *(_poison(lambda job, body=body: f"{body}{' ' * (job + 1)}", why) for why, body in BODIES.items()),  # type: ignore[misc]
    *(_poison_of_tasks({"text": text}, why, may_be_done=True) for why, text in BOMBS.items()),
)


def _odd_narration(wish: Mapping[str, Any], why: str, *, may_be_done: bool = False) -> _Make:
    def make(_chance: Random, job: int, engine: str) -> Order:
        name = f"poison-{job:04}"
        body: dict[str, Any] = {
            "narration_id": name,
            "name": name,
            "text": f"Never heard, {job}.",
            "voice": VOICE[engine],
        }
        body |= {"audio": ["mp3"], "subtitles": ["srt"], **wish}
        tasks = ((name, "mp3"), (name, "srt"))
        return Order(name=name, body=json.dumps(body), text="", tasks=tasks, poison=why, may_be_done=may_be_done)

    return make


_ODD_JOBS: tuple[_Make, ...] = (
    _poison(lambda job: f"poison-{job:04}: this is no JSON", "it is not JSON"),
    _odd_narration({"voice": "nobody"}, "there is no such voice"),
    _odd_narration({"text": "…"}, "there is nothing to say"),
)

_HOSTILE_NARRATIONS: tuple[_Make, ...] = (
    _odd_narration({"text": SILENCE}, "it is silent for two weeks"),
    *(_odd_narration({"text": text, "markdown": True}, why, may_be_done=True) for why, text in BOMBS.items()),
)
