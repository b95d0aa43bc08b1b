"""The tables of an application with cards, and the leases of its jobs, in PostgreSQL."""
