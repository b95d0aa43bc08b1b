"""The stories service: messages become narrated audio with subtitles, whatever queue they come from."""

from sayso.stories.messages import Output, Story, read_message
from sayso.stories.narrator import Maker, Narrator, check_prose_type
from sayso.stories.service import Consumer, StoriesService
from sayso.stories.work import Made, Stories
from sayso.stories.workshop import sweep

__all__ = [
    "Consumer",
    "Made",
    "Maker",
    "Narrator",
    "Output",
    "Stories",
    "StoriesService",
    "Story",
    "check_prose_type",
    "read_message",
    "sweep",
]
