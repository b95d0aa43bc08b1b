"""The words of scripts without spaces, from optional packages that bring their dictionaries and download nothing."""
