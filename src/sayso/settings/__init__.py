"""The settings, and the only place that reads the environment."""

from sayso.settings.settings import Settings, load_settings, variables

__all__ = ["Settings", "load_settings", "variables"]
