/** The narrations of the page: the form, and the server's list with its changes. */

import { failureOfJob, inOneLine } from "../common/errors.js";
import { t } from "../common/language.js";
import { openList } from "../common/open-list.js";
import { NarrationForm } from "./narration-form.js";
import { hasEnded, NarrationRow, redrawPlayer, wordsOf } from "./narration-row.js";
import { minutes } from "../common/times.js";

const PATH = "v1/narrations";

const byId = (id) => document.getElementById(id);

let form = null; // null until it is known that the server has narrations
let list = null;

function newsOf(narration) {
  const length = narration.status === "completed" && narration.audio_seconds > 0
    ? `, ${t("narration.audio", { time: minutes(narration.audio_seconds) })}`
    : "";
  const reason = narration.error ? `. ${inOneLine(failureOfJob(narration.error, narration.error_code))}` : "";
  return `${narration.name}: ${wordsOf(narration)}${length}${reason}`;
}

const pathOf = (narration) => `${PATH}/${narration.id}`;

const actions = {
  onCancel: (narration) => list.change(pathOf(narration), { method: "DELETE" }),
  onRetry: (narration) => list.change(`${pathOf(narration)}/retry`, { method: "POST" }),
  onUseLexicon: (narration) => form.takeLexicon(narration.lexicon),
  onDelete: (narration) => list.remove(narration.id, `${pathOf(narration)}?permanently=true`),
};

const NARRATIONS = {
  name: "narrations",
  path: PATH,
  mostFollowed: 3,
  eventsPath: (id) => `${PATH}/${id}/events`,
  jobsOf: (page) => ({ jobs: page.data, hasMore: page.has_more }),
  jobOf: (event) => event,
  createdAt: (narration) => narration.created_at,
  isRunning: (narration) => narration.status === "running",
  hasEnded,
  newsOf,
  makeRow: (narration) => new NarrationRow(narration, actions),
};

/** Create the section from its template. */
function unfold() {
  byId("page-narrations").replaceWith(byId("page-narrations").content);
  form = new NarrationForm({ onAccepted: (narration) => list.add(narration) });
}

/** Draw again what depends on the colours. */
export const redraw = redrawPlayer;

/**
 * Show the narrations, with these voices to choose from; nothing if the server has none.
 *
 * May be called again with another key, which has other narrations.
 */
export async function open(isServed, voices) {
  list = await openList(list, NARRATIONS, isServed, unfold);
  if (list !== null) {
    form.offer(voices);
    byId("narrations").hidden = !list.isOpen;
  }
}
