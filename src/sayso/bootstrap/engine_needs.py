"""Which roles an installation without local engines can serve, and with which settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.bootstrap.local_engines import INSTALL, has_local_engines
from sayso.bootstrap.roles import ROLES
from sayso.errors import NotInstalled
from sayso.settings import SpeechSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from sayso.bootstrap.roles import Role
    from sayso.settings import ProcessSettings


def require_local_engines(roles: Sequence[Role[Any]], settings: Mapping[str, ProcessSettings]) -> None:
    """Make sure that no role of a process relies on local engines that are not installed.

    Args:
        roles: of the process.
        settings: of each role, by its name.

    Raises:
        NotInstalled: a role needs local engines, or falls back to them; the message names the setting.
    """
    if has_local_engines():
        return
    for role in roles:
        reason = _reason(role, settings[role.name])
        if reason is not None:
            raise NotInstalled(
                f"{reason}, and no local engines are installed here.", hint=f"{INSTALL} {served_without_engines()}"
            )


def served_without_engines() -> str:
    """What an installation without local engines can serve, in a sentence."""
    able = ", ".join(name for name, role in ROLES.items() if not role.needs_engines)
    return f"Without local engines these roles can be served: {able}; set FALLBACK_TO_LOCAL=false for those that speak."


def _reason(role: Role[Any], settings: ProcessSettings) -> str | None:
    """Why a role relies on local engines; None if it does not."""
    if role.needs_engines:
        return f"The role {role.name} needs local engines"
    if not isinstance(settings, SpeechSettings):
        return None
    if settings.primary_service != "openai":
        return f"PRIMARY_SERVICE is {settings.primary_service}"
    return "FALLBACK_TO_LOCAL is true" if settings.fallback_to_local else None
