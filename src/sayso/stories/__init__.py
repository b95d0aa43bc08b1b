"""The stories service: messages become narrated audio with subtitles, whatever queue they come from."""
