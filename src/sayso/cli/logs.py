"""The log of a command."""

from __future__ import annotations


def start_logs() -> None:
    """Write log messages as the settings say.

    Raises:
        InvalidInput: a setting cannot be used.
    """
    from sayso.observability.logs import configure_logs
    from sayso.settings import ObservabilitySettings, load_settings

    settings = load_settings(ObservabilitySettings)
    configure_logs(settings.log_level, settings.log_format)
