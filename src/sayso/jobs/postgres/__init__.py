"""Jobs in PostgreSQL: the queue, the tasks, the outbox, and their administration."""
