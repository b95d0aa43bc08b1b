"""PostgreSQL from a wheel: its programs, its processes, its supervisor, its upgrades."""
