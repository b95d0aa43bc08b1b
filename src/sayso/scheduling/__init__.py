"""Admission and compute permits: requests are admitted to slots, and their computation is scheduled fairly."""

from sayso.scheduling.context import UNBOUNDED, RequestContext, UnboundedContext
from sayso.scheduling.load import Load, Priority, may_have_another
from sayso.scheduling.permits import compute_permits
from sayso.scheduling.scheduler import AdmissionSlot, Scheduler

__all__ = [
    "UNBOUNDED",
    "AdmissionSlot",
    "Load",
    "Priority",
    "RequestContext",
    "Scheduler",
    "UnboundedContext",
    "compute_permits",
    "may_have_another",
]
