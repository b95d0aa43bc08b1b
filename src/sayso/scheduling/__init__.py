"""Who may compute, and when: requests take a place, and their pieces of work take turns on the processors."""

from sayso.scheduling.scheduler import AdmissionSlot, Load, Priority, Scheduler, may_have_another
from sayso.scheduling.ticket import FREE, RequestContext, UnboundedContext

__all__ = [
    "FREE",
    "AdmissionSlot",
    "Load",
    "Priority",
    "RequestContext",
    "Scheduler",
    "UnboundedContext",
    "may_have_another",
]
