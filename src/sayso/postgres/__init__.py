"""PostgreSQL: the pool, the listener, the migrations of our own tables."""
