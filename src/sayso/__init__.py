"""Speech in production: text to audio with exact subtitles, audio to text."""

__version__ = "0.1.0"
