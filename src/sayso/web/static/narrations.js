/** The narrations of the page: the form, and the server's list with its changes. */

import { ask, explain, getJson } from "./api.js";
import { follow, hasEnded } from "./following.js";
import { NarrationForm } from "./narration-form.js";
import { NarrationRow, wordsOf } from "./narration-row.js";
import { minutes } from "./times.js";

const PATH = "v1/narrations";
const PAGE = 20;
const LARGEST_PAGE = 100; // the API's limit
const MOST_FOLLOWED = 3; // a browser has six connections to a server, for all its tabs
const POLL_MS = 3_000; // while something changes that is not followed
const IDLE_POLL_MS = 30_000; // others submit narrations too, and links expire
const LONGEST_POLL_MS = 30_000;

const NOTHING = { data: [], has_more: false };

const byId = (id) => document.getElementById(id);

let form = null; // null until it is known that the server has narrations
let isOpen = false; // whether it has any for this key
const rows = new Map(); // by id
const followed = new Map(); // the AbortControllers, by id
const broken = new Set(); // ids whose connection has broken and is not back yet
const refused = new Set(); // ids that could not be followed at the last refresh
let order = []; // ids, the newest first
let hasOlder = false;
let skewMs = 0; // by how much the server's clock is ahead of this one
let timer = 0;
let failures = 0; // of refreshing the list, in a row
let news = []; // not announced yet

/** Announce changes to screen readers; changes that come together are announced together. */
function announce(message) {
  news.push(message);
  if (news.length === 1) {
    setTimeout(() => { byId("narrations-news").textContent = news.join(". "); news = []; }, 0);
  }
}

function newsOf(narration) {
  const length = narration.status === "completed" && narration.audio_seconds > 0
    ? `, ${minutes(narration.audio_seconds)} of audio`
    : "";
  return `${narration.name}: ${wordsOf(narration)}${length}${narration.error ? `. ${narration.error}` : ""}`;
}

/** Show a narration from the server; a new one gets its row from `arrange`. */
function show(narration) {
  let row = rows.get(narration.id);
  if (row === undefined) {
    row = new NarrationRow(narration, { onCancel: cancel });
    rows.set(narration.id, row);
  }
  const hasChanged = row.narration.status !== narration.status;
  row.changedAt = performance.now();
  row.show(narration, skewMs);
  if (hasChanged) {
    announce(newsOf(narration));
    followUnfinished();
  }
}

/** Put the rows in this order, and remove those that are not in it. */
function arrange(ids) {
  order = ids;
  const kept = new Set(order);
  for (const [id, row] of rows) {
    if (!kept.has(id)) {
      row.stop();
      row.element.remove();
      rows.delete(id);
    }
  }
  const list = byId("narrations-list");
  let place = list.firstElementChild;
  for (const id of order) {
    const { element } = rows.get(id);
    if (element === place) {
      place = place.nextElementSibling;
    } else {
      list.insertBefore(element, place);
    }
  }
  byId("narrations-none").hidden = order.length > 0;
  byId("narrations-older").hidden = !hasOlder;
}

/** Those that have not ended: running ones, then queued ones, each the oldest first. */
function unfinished() {
  const open = order.map((id) => rows.get(id).narration).filter((narration) => !hasEnded(narration)).reverse();
  return [...open.filter((one) => one.status === "running"), ...open.filter((one) => one.status !== "running")];
}

/** Follow the first of those that have not ended; none while the page is hidden. */
function followUnfinished() {
  const ids = document.hidden ? [] : unfinished().map((narration) => narration.id).filter((id) => !refused.has(id));
  const chosen = new Set(ids.slice(0, MOST_FOLLOWED));
  for (const [id, controller] of followed) {
    if (!chosen.has(id)) {
      controller.abort();
      unfollow(id);
    }
  }
  chosen.forEach((id) => followed.has(id) || followOne(id));
}

function unfollow(id) {
  followed.delete(id);
  broken.delete(id);
}

async function followOne(id) {
  const controller = new AbortController();
  const { signal } = controller;
  followed.set(id, controller);
  try {
    await follow(id, {
      signal,
      onChange: (narration) => { broken.delete(id); show(narration); },
      onBreak: () => { broken.add(id); plan(); },
    });
  } catch {
    if (signal.aborted) {
      return;
    }
    refused.add(id); // the list has its state
  }
  unfollow(id);
  plan();
}

/** Schedule the next refresh. */
function plan() {
  clearTimeout(timer);
  followUnfinished();
  if (document.hidden || !isOpen) {
    return;
  }
  const isFollowed = unfinished().every(({ id }) => followed.has(id) && !broken.has(id));
  const pauseMs = isFollowed ? IDLE_POLL_MS : POLL_MS;
  timer = setTimeout(refresh, Math.min(LONGEST_POLL_MS, pauseMs * 2 ** failures));
}

/** Refresh the list: the narrations shown, and new ones. */
async function refresh() {
  clearTimeout(timer);
  const askedAt = performance.now();
  try {
    const limit = Math.min(LARGEST_PAGE, Math.max(PAGE, order.length));
    showPage(await pageOf(`${PATH}?limit=${limit}`), askedAt);
    failures = 0;
    refused.clear();
    byId("narrations-error").textContent = "";
  } catch (error) {
    failures += 1;
    byId("narrations-error").textContent = explain(error);
    if (error.status === 401) {
      return; // a new key starts again
    }
  }
  plan();
}

async function pageOf(path, options) {
  const response = await ask(path, options);
  const page = await response.json();
  const date = Date.parse(response.headers.get("date"));
  skewMs = Number.isNaN(date) ? 0 : date - Date.now();
  return page;
}

/** Show the first page; events or responses may be newer than it. */
function showPage(page, askedAt) {
  const ids = page.data.map((narration) => narration.id);
  page.data.filter(({ id }) => !(rows.get(id)?.changedAt > askedAt)).forEach(show);
  // Rows that were added since then are newer than the page; rows beyond its end stay.
  const paged = new Set(ids);
  const others = order.filter((id) => !paged.has(id));
  const newer = others.filter((id) => rows.get(id).changedAt > askedAt && isBefore(id, ids[0]));
  const older = page.has_more ? others.filter((id) => isBefore(ids.at(-1), id)) : [];
  hasOlder = older.length > 0 ? hasOlder : page.has_more;
  arrange([...newer, ...ids, ...older]);
}

/** Whether one narration precedes another in the list; any narration precedes null. */
function isBefore(id, other) {
  return other === undefined || rows.get(id).narration.created_at > rows.get(other).narration.created_at;
}

async function showOlder() {
  const button = byId("narrations-older");
  if (button.getAttribute("aria-busy") === "true") {
    return;
  }
  button.setAttribute("aria-busy", "true");
  try {
    const page = await pageOf(`${PATH}?limit=${PAGE}&after=${encodeURIComponent(order.at(-1))}`);
    page.data.forEach(show);
    hasOlder = page.has_more;
    const known = new Set(order);
    const added = page.data.map((narration) => narration.id).filter((id) => !known.has(id));
    arrange([...order, ...added]);
    rows.get(added[0])?.element.focus();
    plan();
  } catch (error) {
    byId("narrations-error").textContent = explain(error);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

async function cancel(narration) {
  try {
    show(await (await ask(`${PATH}/${narration.id}`, { method: "DELETE" })).json());
    plan();
  } catch (error) {
    byId("narrations-error").textContent = explain(error);
  }
}

/** Create the section from its template. */
function unfold() {
  byId("page-narrations").replaceWith(byId("page-narrations").content);
  byId("narrations-older").addEventListener("click", showOlder);
  document.addEventListener("visibilitychange", () => (document.hidden || !isOpen ? plan() : refresh()));
  setInterval(() => rows.forEach((row) => row.narration.status === "running" && row.tick(skewMs)), 1_000);
  form = new NarrationForm({
    onAccepted: (narration) => {
      show(narration);
      arrange([narration.id, ...order.filter((id) => id !== narration.id)]);
      plan();
    },
  });
}

/**
 * Show the narrations, with these voices to choose from; nothing if the server has none.
 *
 * May be called again with another key, which has other narrations.
 *
 * @throws Failure when it is not known whether the server has any
 */
export async function open(voices) {
  const { narrations: isServed } = await getJson("page/server.json");
  let page = NOTHING;
  let failure = null;
  try {
    page = isServed ? await pageOf(`${PATH}?limit=${PAGE}`, { asksForKey: false }) : NOTHING;
  } catch (error) {
    failure = error;
  }
  isOpen = isServed && ![401, 403, 404].includes(failure?.status); // a key for speech need not be one for jobs
  if (isOpen && form === null) {
    unfold();
  }
  if (form !== null) {
    arrange([]);
    form.offer(voices);
    byId("narrations").hidden = !isOpen;
    byId("narrations-error").textContent = isOpen && failure !== null ? explain(failure) : "";
    showPage(page, performance.now());
    plan();
  }
}
