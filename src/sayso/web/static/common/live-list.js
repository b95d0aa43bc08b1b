/** A list of the server's jobs, the newest first, which follows their changes. */

import { ask } from "./api.js";
import { showError } from "./errors.js";
import { follow } from "./following.js";
import { PAGE, pageOf } from "./list-page.js";

const LARGEST_PAGE = 100; // the API's limit
const POLL_MS = 3_000; // while something changes that is not followed
const IDLE_POLL_MS = 30_000; // other clients submit jobs too, and links expire
const LONGEST_POLL_MS = 30_000;

/**
 * The list, in a page that has its elements: `<name>-list`, `-title`, `-none`, `-older`, `-error` and `-news`.
 *
 * A row has an `element`, its `job`, the time `changedAt` of its latest update by performance.now(), and `show`, `tick`
 * and `stop`. A kind of jobs says how they are read and shown:
 *
 * - `name`: of the elements.
 * - `path`: of the list; `eventsPath(id)`: of the events of one job.
 * - `mostFollowed`: a browser has six connections to a server, for all its tabs.
 * - `jobsOf(page)`: the jobs of a page of the list, and whether there are older ones.
 * - `jobOf(event)`: the job of an event's data.
 * - `createdAt(job)`: a text that sorts by time.
 * - `isRunning(job)`, `hasEnded(job)`: what its status means.
 * - `newsOf(job)`: what screen readers announce of a job whose status has changed.
 * - `makeRow(job)`: its row.
 */
export class LiveList {
  isOpen = false; // whether the server has such jobs for this key
  #kind;
  #rows = new Map(); // by id
  #followed = new Map(); // the AbortControllers, by id
  #broken = new Set(); // ids whose connection has broken and is not back yet
  #refused = new Set(); // ids that could not be followed at the last refresh
  #order = []; // ids, the newest first
  #hasOlder = false;
  #skewMs = 0; // by how much the server's clock is ahead of this one
  #timer = 0;
  #failures = 0; // of refreshing the list, in a row
  #news = []; // not announced yet

  constructor(kind) {
    this.#kind = kind;
    this.#part("older").addEventListener("click", () => this.#showOlder());
    document.addEventListener("visibilitychange", () => (
      document.hidden || !this.isOpen ? this.#plan() : this.#refresh()
    ));
    setInterval(() => {
      this.#rows.forEach((row) => kind.isRunning(row.job) && row.tick(this.#skewMs));
    }, 1_000);
  }

  /** Show a list from its beginning. */
  restart(page) {
    this.#arrange([]);
    this.#showPage(page, performance.now());
    this.#plan();
  }

  /** Show an error of the list; null for none. */
  fail(error) {
    showError(this.#part("error"), error);
  }

  /** Show a job that was just made, as the first. */
  add(job) {
    this.show(job);
    this.#arrange([job.id, ...this.#order.filter((id) => id !== job.id)]);
    this.#plan();
  }

  /** Show the response to a request that changes a job, or its error. */
  async change(path, options) {
    try {
      this.show(this.#kind.jobOf(await (await ask(path, options)).json()));
      this.#plan();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Delete a job, and take its row from the list; the next row, or the list, has the focus. */
  async remove(id, path) {
    try {
      await ask(path, { method: "DELETE" });
    } catch (error) {
      if (error.status !== 404) { // it is gone already
        this.fail(error);
        return;
      }
    }
    this.fail(null);
    const place = this.#order.indexOf(id);
    this.#arrange(this.#order.filter((each) => each !== id));
    const next = this.#order[Math.min(place, this.#order.length - 1)];
    (this.#rows.get(next)?.element ?? this.#part("title")).focus();
    this.#plan();
  }

  /** Show a job from the server; a new one gets its place in the list later. */
  show(job) {
    let row = this.#rows.get(job.id);
    if (row === undefined) {
      row = this.#kind.makeRow(job);
      this.#rows.set(job.id, row);
    }
    const hasChanged = row.job.status !== job.status;
    row.changedAt = performance.now();
    row.show(job, this.#skewMs);
    if (hasChanged) {
      this.#announce(this.#kind.newsOf(job));
      this.#followUnfinished();
    }
  }

  #part(name) {
    return document.getElementById(`${this.#kind.name}-${name}`);
  }

  /** Announce changes to screen readers; changes that come together are announced together. */
  #announce(message) {
    this.#news.push(message);
    if (this.#news.length === 1) {
      setTimeout(() => {
        this.#part("news").textContent = this.#news.join(". ");
        this.#news = [];
      }, 0);
    }
  }

  /** Put the rows in this order, and remove those that are not in it. */
  #arrange(ids) {
    this.#order = ids;
    const kept = new Set(ids);
    for (const [id, row] of this.#rows) {
      if (!kept.has(id)) {
        row.stop();
        row.element.remove();
        this.#rows.delete(id);
      }
    }
    const list = this.#part("list");
    let place = list.firstElementChild;
    for (const id of ids) {
      const { element } = this.#rows.get(id);
      if (element === place) {
        place = place.nextElementSibling;
      } else {
        list.insertBefore(element, place);
      }
    }
    this.#part("none").hidden = ids.length > 0;
    this.#part("older").hidden = !this.#hasOlder;
  }

  /** Those that have not ended: running ones, then waiting ones, each the oldest first. */
  #unfinished() {
    const { isRunning, hasEnded } = this.#kind;
    const open = this.#order.map((id) => this.#rows.get(id).job).filter((job) => !hasEnded(job)).reverse();
    return [...open.filter(isRunning), ...open.filter((job) => !isRunning(job))].map((job) => job.id);
  }

  /** Follow the first of those that have not ended; none while the page is hidden. */
  #followUnfinished() {
    const ids = document.hidden ? [] : this.#unfinished().filter((id) => !this.#refused.has(id));
    const chosen = new Set(ids.slice(0, this.#kind.mostFollowed));
    for (const [id, controller] of this.#followed) {
      if (!chosen.has(id)) {
        controller.abort();
        this.#unfollow(id);
      }
    }
    chosen.forEach((id) => this.#followed.has(id) || this.#follow(id));
  }

  #unfollow(id) {
    this.#followed.delete(id);
    this.#broken.delete(id);
  }

  async #follow(id) {
    const controller = new AbortController();
    const { signal } = controller;
    this.#followed.set(id, controller);
    try {
      await follow(this.#kind.eventsPath(id), {
        signal,
        onChange: (event) => {
          const job = this.#kind.jobOf(event);
          this.#broken.delete(id);
          this.show(job);
          return this.#kind.hasEnded(job);
        },
        onBreak: () => { this.#broken.add(id); this.#plan(); },
      });
    } catch {
      if (signal.aborted) {
        return;
      }
      this.#refused.add(id); // the list has its state
    }
    this.#unfollow(id);
    this.#plan();
  }

  /** Schedule the next refresh. */
  #plan() {
    clearTimeout(this.#timer);
    this.#followUnfinished();
    if (document.hidden || !this.isOpen) {
      return;
    }
    const isFollowed = this.#unfinished().every((id) => this.#followed.has(id) && !this.#broken.has(id));
    const pauseMs = isFollowed ? IDLE_POLL_MS : POLL_MS;
    this.#timer = setTimeout(() => this.#refresh(), Math.min(LONGEST_POLL_MS, pauseMs * 2 ** this.#failures));
  }

  /** Refresh the list: the jobs that are shown, and new ones. */
  async #refresh() {
    clearTimeout(this.#timer);
    const askedAt = performance.now();
    try {
      const limit = Math.min(LARGEST_PAGE, Math.max(PAGE, this.#order.length));
      this.#showPage(await pageOf(this.#kind, `limit=${limit}`), askedAt);
      this.#failures = 0;
      this.#refused.clear();
      this.fail(null);
    } catch (error) {
      this.#failures += 1;
      this.fail(error);
      if (error.status === 401) {
        return; // a new key starts again
      }
    }
    this.#plan();
  }

  /** Show the first page; events or responses may be newer than it. */
  #showPage({ jobs, hasMore, skewMs }, askedAt) {
    this.#skewMs = skewMs;
    const ids = jobs.map((job) => job.id);
    jobs.filter(({ id }) => !(this.#rows.get(id)?.changedAt > askedAt)).forEach((job) => this.show(job));
    // Rows that were added since then are newer than the page; rows beyond its end stay.
    const paged = new Set(ids);
    const others = this.#order.filter((id) => !paged.has(id));
    const newer = others.filter((id) => this.#rows.get(id).changedAt > askedAt && this.#isBefore(id, ids[0]));
    const older = hasMore ? others.filter((id) => this.#isBefore(ids.at(-1), id)) : [];
    this.#hasOlder = older.length > 0 ? this.#hasOlder : hasMore;
    this.#arrange([...newer, ...ids, ...older]);
  }

  /** Whether one job precedes another in the list; any job precedes none. */
  #isBefore(id, other) {
    const createdAt = (each) => this.#kind.createdAt(this.#rows.get(each).job);
    return other === undefined || createdAt(id) > createdAt(other);
  }

  async #showOlder() {
    const button = this.#part("older");
    if (button.getAttribute("aria-busy") === "true") {
      return;
    }
    button.setAttribute("aria-busy", "true");
    try {
      const last = encodeURIComponent(this.#order.at(-1));
      const { jobs, hasMore } = await pageOf(this.#kind, `limit=${PAGE}&after=${last}`);
      jobs.forEach((job) => this.show(job));
      this.#hasOlder = hasMore;
      const known = new Set(this.#order);
      const added = jobs.map((job) => job.id).filter((id) => !known.has(id));
      this.#arrange([...this.#order, ...added]);
      this.#rows.get(added[0])?.element.focus();
      this.#plan();
    } catch (error) {
      this.fail(error);
    } finally {
      button.removeAttribute("aria-busy");
    }
  }
}
