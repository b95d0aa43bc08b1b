/** A job of a deck in the list: its progress, its buttons, and its cards. */

import { getJson } from "../common/api.js";
import { failureOfJob, showError } from "../common/errors.js";
import { busy, button, keepFocus, make } from "../common/elements.js";
import { plural, t } from "../common/language.js";
import { elapsed, secondsLeft, timeLeft, when } from "../common/times.js";
import { CardSet } from "./card-set.js";

const STATUSES = new Set(["pending", "processing", "completed", "failed"]);

/** A job's status in words; the application may have statuses of its own. */
export const wordsOf = ({ status }) => (STATUSES.has(status) ? t(`card.${status}`) : status);

export const isRunning = (job) => job.status === "processing";

/** Whether a job has ended, or has a status that no worker changes. */
export const hasEnded = (job) => !["pending", "processing"].includes(job.status);

/** What the list and the whole job have in common, to see whether they are of the same time. */
const outlineOf = (job) => JSON.stringify([job.status, job.processedCount, job.startedAt, job.completedAt]);

/**
 * @param statusPath of the whole job; the list leaves out its phrases and URLs
 * @param soundOf see CardSet
 * @param onCancel, onRetry change it; each returns a promise that resolves when the attempt has ended
 */
export class CardJobRow {
  element = make("li", "job");
  job = null;
  changedAt = 0; // the time of the latest update, by performance.now()
  #statusPath;
  #soundOf;
  #name = make("h3", "");
  #state = make("span", "state");
  #facts = make("p", "hint facts");
  #progress = document.createElement("progress");
  #count = make("span", "hint percent");
  #cancel = button(t("job.cancel"));
  #retry = button(t("job.retry"));
  #open = button(t("cards.title"));
  #problem = make("p", "error");
  #running = make("div", "job-foot");
  #foot = make("div", "job-foot");
  #note = make("p", "hint");
  #place = make("div", "card-set");
  #whole = null; // the job with its phrases and URLs, once it was needed
  #cards = null; // while they are open
  #isLoading = false;

  constructor(job, { statusPath, soundOf, onCancel, onRetry }) {
    this.#statusPath = statusPath;
    this.#soundOf = soundOf;
    busy(this.#cancel, onCancel);
    busy(this.#retry, onRetry);
    this.#open.addEventListener("click", () => (this.#cards === null ? this.#unfold() : this.stop()));
    this.#note.setAttribute("role", "status");
    const head = make("div", "job-head");
    head.append(this.#name, this.#state);
    this.#running.append(this.#progress, this.#count, this.#cancel);
    this.#foot.append(this.#open, this.#retry, this.#note);
    this.element.tabIndex = -1; // takes the focus from a button that disappears
    this.element.append(head, this.#facts, this.#running, this.#problem, this.#foot, this.#place);
    this.#showOpen();
    this.show(job, 0);
  }

  /**
   * Show the job's current state.
   *
   * @param skewMs by how much the server's clock is ahead of this one
   */
  show(job, skewMs) {
    const keep = keepFocus(this.element);
    const name = job.deckId ?? job.id;
    this.job = job;
    this.element.setAttribute("aria-label", name);
    this.#name.textContent = name;
    this.#state.textContent = wordsOf(job);
    this.#state.dataset.status = job.status;
    this.#progress.max = Math.max(1, job.totalPhrases ?? 1);
    this.#progress.value = job.processedCount ?? 0;
    this.#progress.setAttribute("aria-label", t("job.progress", { name }));
    this.#count.textContent = t("card.count", { done: job.processedCount ?? 0, total: job.totalPhrases ?? "?" });
    this.#cancel.setAttribute("aria-label", t("job.cancel.of", { name }));
    this.#retry.setAttribute("aria-label", t("job.retry.of", { name }));
    this.#open.setAttribute("aria-label", t("card.cards.of", { name }));
    this.#running.hidden = hasEnded(job);
    this.#retry.hidden = job.status !== "failed";
    this.#problem.hidden = !job.errorMessage || !hasEnded(job);
    showError(this.#problem, job.errorMessage ? failureOfJob(job.errorMessage, null, "error.card") : null);
    if (job.phrases !== undefined) {
      this.#whole = job;
    }
    this.#showCards();
    this.tick(skewMs);
    keep();
  }

  /** Show the facts; the elapsed time changes by itself. */
  tick(skewMs) {
    const { status, totalPhrases: total, processedCount: done = 0 } = this.job;
    const { createdAt: created, startedAt: started, completedAt: ended } = this.job;
    const nowMs = Date.now() + skewMs;
    const facts = [
      total === undefined || total === null ? null : plural("card.phrases", total),
      created ? t("job.sent", { when: when(created) }) : null,
      status === "pending" ? null : elapsed(started ?? null, ended ?? null, nowMs),
      status === "processing" && started ? timeLeft(secondsLeft(done / total, (nowMs - Date.parse(started)) / 1000)) : null,
    ];
    const text = facts.filter((fact) => fact !== null).join(", ");
    if (this.#facts.textContent !== text) {
      this.#facts.textContent = text;
    }
  }

  /** Close the cards, if they are open. */
  stop() {
    this.#cards?.close();
    this.#cards = null;
    this.#note.textContent = "";
    this.#showOpen();
  }

  #unfold() {
    this.#cards = new CardSet(this.#place, this.#soundOf);
    this.#showOpen();
    this.#showCards();
  }

  #showOpen() {
    const isOpen = this.#cards !== null;
    this.#open.setAttribute("aria-expanded", String(isOpen));
    this.#place.hidden = !isOpen;
  }

  /** Show the cards, if they are open; load them where what is known is older than the list. */
  #showCards() {
    if (this.#cards === null) {
      return;
    }
    if (this.#whole !== null) {
      this.#cards.show(this.#whole);
    }
    if (this.#whole === null || outlineOf(this.#whole) !== outlineOf(this.job)) {
      this.#load();
    }
  }

  async #load() {
    if (this.#isLoading) {
      return;
    }
    this.#isLoading = true;
    try {
      this.#whole = (await getJson(this.#statusPath)).job;
      this.#cards?.show(this.#whole);
      this.#note.textContent = "";
    } catch (error) {
      showError(this.#note, error);
    } finally {
      this.#isLoading = false;
    }
  }
}
