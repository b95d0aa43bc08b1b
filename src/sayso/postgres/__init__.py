"""PostgreSQL: the pool, the listener, errors, migrations and shared rate limits."""
