-- The deck of deck.json and its job, for psql: psql "$DATABASE_URL" -f insert_deck.sql
--
-- psql does not know Prisma's ?schema=: leave it out, and set the search path where the schema is another than public.
begin;

insert into "Card" ("id", "deckId", "question", "answers") values
    ('card-lighthouse', 'deck-harbour', 'the lighthouse', array['le phare']),
    ('card-harbour', 'deck-harbour', 'The ferry leaves the harbour at noon.', array['Le ferry quitte le port à midi.']),
    ('card-tide', 'deck-harbour', 'What time is high tide?', array['À quelle heure est la marée haute ?'])
on conflict ("id") do nothing;

-- The times are UTC, whatever the zone of this session is: defaults of the columns would be in that zone.
insert into "TtsJob" ("id", "deckId", "userId", "phrases", "totalPhrases", "createdAt", "updatedAt")
select gen_random_uuid()::text, 'deck-harbour', 'user-1', phrases, jsonb_array_length(phrases),
       clock_timestamp() at time zone 'UTC', clock_timestamp() at time zone 'UTC'
from (values (jsonb '[
    {"textEn": "the lighthouse", "textFr": "le phare", "cardId": "card-lighthouse"},
    {"textEn": "The ferry leaves the harbour at noon.", "textFr": "Le ferry quitte le port à midi.", "cardId": "card-harbour"},
    {"textEn": "What time is high tide?", "textFr": "À quelle heure est la marée haute ?", "cardId": "card-tide"},
    {"textEn": "a phrase without a card", "textFr": "une phrase sans carte"}
]')) as deck (phrases)
returning "id";

commit;
