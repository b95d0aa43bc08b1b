"""The stories service: messages become narrated audio with subtitles, whatever queue they come from."""

from sayso.stories.handler import CompletedStory, StoryHandler
from sayso.stories.messages import Output, Story, read_message
from sayso.stories.narrator import Maker, Narrator, check_prose_type

__all__ = ["CompletedStory", "Maker", "Narrator", "Output", "Story", "StoryHandler", "check_prose_type", "read_message"]
