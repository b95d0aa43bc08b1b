"""The speech engines, a module or a package each."""
