"""Who may compute, and when: requests take a place, and their pieces of work take turns on the processors."""

from sayso.scheduling.scheduler import Load, Place, Priority, Scheduler, may_have_another
from sayso.scheduling.ticket import FREE, FreeTicket, Ticket

__all__ = ["FREE", "FreeTicket", "Load", "Place", "Priority", "Scheduler", "Ticket", "may_have_another"]
