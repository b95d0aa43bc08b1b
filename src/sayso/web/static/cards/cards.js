/** The cards of the page: the jobs of decks, as the server has them. */

import { CardJobRow, hasEnded, isRunning, wordsOf } from "./card-job-row.js";
import { failureOfJob, inOneLine } from "../common/errors.js";
import { linkOf } from "../common/files.js";
import { openList } from "../common/open-list.js";

const PATH = "api/tts";
const FILES = `${PATH}/files`;

const byId = (id) => document.getElementById(id);

let list = null; // null until it is known that the server has cards
let files = null; // the address of the MP3 files, and whether this server serves them

const jobPath = (kind, id) => `${PATH}/${kind}/${encodeURIComponent(id)}`;

function newsOf(job) {
  return `${job.deckId}: ${wordsOf(job)}${job.errorMessage ? `. ${inOneLine(failureOfJob(job.errorMessage, null, "error.card"))}` : ""}`;
}

/** The address at which the page may play a file, given its URL; null where it may not. */
function soundOf(url) {
  const isHere = files.serves_files && url.startsWith(`${files.files_url}/`);
  // The server does not know the address by which this page reaches it.
  const place = isHere ? new URL(`${FILES}${url.slice(files.files_url.length)}`, document.baseURI) : linkOf(url);
  const origins = files.serves_files ? [location.origin] : [location.origin, new URL(files.files_url).origin];
  return origins.includes(place.origin) ? place : null;
}

function makeRow(job) {
  return new CardJobRow(job, {
    statusPath: jobPath("status", job.id),
    soundOf,
    onCancel: () => list.change(jobPath("jobs", job.id), { method: "DELETE" }),
    onRetry: () => list.change(`${jobPath("jobs", job.id)}/retry`, { method: "POST" }),
  });
}

const CARDS = {
  name: "cards",
  path: `${PATH}/jobs`,
  mostFollowed: 2,
  eventsPath: (id) => jobPath("stream", id),
  jobsOf: ({ jobs, hasMore }) => ({ jobs, hasMore }),
  jobOf: (event) => event.job,
  createdAt: (job) => job.createdAt ?? "",
  isRunning,
  hasEnded,
  newsOf,
  makeRow,
};

/** Create the section from its template. */
function unfold() {
  byId("page-cards").replaceWith(byId("page-cards").content);
}

/**
 * Show the jobs; nothing if the server has none for this key. May be called again with another key.
 *
 * @param served the server's part of server.json; null without the role
 */
export async function open(served) {
  files = served;
  list = await openList(list, CARDS, served !== null, unfold);
  if (list !== null) {
    byId("cards").hidden = !list.isOpen;
  }
}
