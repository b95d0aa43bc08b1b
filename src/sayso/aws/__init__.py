"""AWS, and what speaks its protocols: clients, errors, clocks."""
