"""How long the right to work on a job lasts, and how often a worker extends it."""

LEASE_SECONDS = 30.0
"""How long a lease lasts without a heartbeat."""

HEARTBEAT_SECONDS = 10.0
"""How often a worker extends its leases: two heartbeats may be lost."""
