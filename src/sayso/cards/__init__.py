"""Cards: the phrases of another application's decks, spoken in each of their languages.

The application owns the tables "TtsJob" and "Card" (`sayso.cards.tables`). Sayso adds nothing to them: its leases, its
files and its purchases are in its own schema, joined by the id of the job.
"""
