// Inserts a deck and the job that speaks it, as an application does; prints the id of the job.
//
//   node insert_deck.mjs [deck.json] [--wait]    with --wait, also its row and its cards when it has ended
//
// DATABASE_URL names the database; ?schema= names another schema than public.

import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { PrismaPg } from "@prisma/adapter-pg";
import { PrismaClient } from "@prisma/client";

const MAXIMUM_PHRASES = 200;

const options = process.argv.slice(2);
const isWaiting = options.includes("--wait");
const file = options.find((option) => !option.startsWith("--")) ?? new URL("deck.json", import.meta.url);
const deck = JSON.parse(await readFile(file, "utf8"));
if (deck.cards.length > MAXIMUM_PHRASES) throw new Error(`A job has at most ${MAXIMUM_PHRASES} phrases.`);

const url = new URL(process.env.DATABASE_URL);
const schema = url.searchParams.get("schema") ?? undefined;
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url.href }, { schema }) });

function row({ id, en, fr }) {
  return { id, deckId: deck.deckId, question: en, answers: [fr] };
}

const cards = deck.cards.filter(({ id }) => id !== undefined).map(row);
const phrases = deck.cards.map(({ id, en, fr }) => ({ textEn: en, textFr: fr, cardId: id }));
const [, job] = await prisma.$transaction([
  prisma.card.createMany({ data: cards, skipDuplicates: true }),
  prisma.ttsJob.create({
    data: { deckId: deck.deckId, userId: deck.userId, phrases, totalPhrases: phrases.length },
  }),
]);
console.log(job.id);

if (isWaiting) {
  let current = job;
  while (current.status === "pending" || current.status === "processing") {
    await pause(500);
    current = await prisma.ttsJob.findUniqueOrThrow({ where: { id: job.id } });
  }
  const spoken = await prisma.card.findMany({ where: { deckId: deck.deckId }, orderBy: { id: "asc" } });
  console.log(JSON.stringify({ job: current, cards: spoken }, null, 2));
}
await prisma.$disconnect();
