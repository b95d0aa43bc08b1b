"""The lexicon of a narration."""

from alembic import op

revision = "0007"
down_revision = "0006"

UP = """
-- The pronunciations that its author has given, as the text of a lexicon file.
alter table sayso.narrations add column lexicon text;
"""


def upgrade() -> None:
    """Add the column."""
    op.execute(UP)
