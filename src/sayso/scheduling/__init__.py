"""Admission and compute permits: requests are admitted to slots, and their computation is scheduled fairly."""

from sayso.scheduling.context import UNBOUNDED, RequestContext, UnboundedContext
from sayso.scheduling.scheduler import AdmissionSlot, Load, Priority, Scheduler, may_have_another

__all__ = [
    "UNBOUNDED",
    "AdmissionSlot",
    "Load",
    "Priority",
    "RequestContext",
    "Scheduler",
    "UnboundedContext",
    "may_have_another",
]
