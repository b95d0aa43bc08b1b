"""What the endpoint and the command of a full sync answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sayso.modelsync.reconciliation.reconciled import Reconciled


def full_sync_body(result: Reconciled) -> dict[str, Any]:
    """What came of a full sync, as the contract has it; the duration in milliseconds."""
    message = "Full sync completed successfully" if result.is_successful else "Full sync completed with errors"
    return {
        "success": result.is_successful,
        "message": message,
        "data": {
            "totalModels": result.total,
            "syncedModels": len(result.published),
            "errors": [f"{each.path}: {each.error}" if each.path else each.error for each in result.errors],
            "duration": round(result.seconds * 1000),
        },
    }
