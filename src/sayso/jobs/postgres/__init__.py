"""Jobs in PostgreSQL: the queue, the tasks, and the server itself where there is none."""
