/** A narration in the list: its name, its progress, and its buttons. */

import { busy, button, keepFocus, make } from "../common/elements.js";
import { failureOfJob, showError } from "../common/errors.js";
import { factor, percent, t } from "../common/language.js";
import { linkOf, save } from "../common/files.js";
import { NarrationPlayer, playableOf } from "./narration-player.js";
import { elapsed, minutes, secondsLeft, timeLeft, when } from "../common/times.js";
import { Lexicon } from "../pronunciation/lexicon.js";
import { LexiconList } from "../pronunciation/lexicon-list.js";
import { voiceLabel } from "../voices/voices.js";

const STATUSES = new Set(["queued", "running", "completed", "failed", "cancelled"]);

const FINAL = new Set(["completed", "failed", "cancelled"]);

/** Whether a narration has ended. */
export const hasEnded = (narration) => FINAL.has(narration.status);

/** A narration's status in words. */
export const wordsOf = ({ status }) => (STATUSES.has(status) ? t(`narration.${status}`) : status);

const SURE_MS = 5_000; // for which a button that deletes asks

let playing = null; // the row whose player is open: one at a time

/** Draw again what depends on the colours. */
export const redrawPlayer = () => playing?.redraw();

/** The pronunciations of a narration, folded; nothing without any. They never change. */
function lexiconOf({ id, name, lexicon }, onUse) {
  if (!lexicon) {
    return [];
  }
  const list = new LexiconList(id, {
    onSave: () => save(new Blob([lexicon], { type: "text/plain" }), `${name}.lexicon.txt`),
    onUse,
  });
  list.show(new Lexicon(lexicon));
  const folded = make("details", "narration-lexicon");
  folded.append(make("summary", "", t("spoken.lexicon.of", { name })), list.element);
  return [folded];
}

/**
 * @param onCancel, onRetry, onDelete change it; each returns a promise that resolves when the attempt has ended
 * @param onUseLexicon called when its pronunciations are to be used for another narration
 */
export class NarrationRow {
  element = make("li", "job");
  job = null; // the narration
  changedAt = 0; // the time of the latest update, by performance.now()
  #name = make("h3", "");
  #state = make("span", "state");
  #facts = make("p", "hint facts");
  #progress = document.createElement("progress");
  #percent = make("span", "hint percent");
  #cancel = button(t("job.cancel"));
  #play = button(t("job.play"));
  #retry = button(t("job.retry"));
  #delete = button(t("job.delete"));
  #sureTimer = 0; // runs while the delete button asks
  #links = make("div", "chips");
  #problem = make("p", "error");
  #running = make("div", "job-foot");
  #done = make("div", "job-foot");
  #actions = make("div", "job-actions");
  #playerPlace = make("div", "narration-player");
  #player = null;

  constructor(narration, { onCancel, onRetry, onDelete, onUseLexicon }) {
    busy(this.#cancel, () => onCancel(this.job));
    busy(this.#retry, () => onRetry(this.job));
    busy(this.#delete, () => this.#deleteOnce(onDelete));
    this.#play.addEventListener("click", () => (this.#player ? this.stop() : this.#open()));
    this.#progress.max = 1;
    this.#playerPlace.hidden = true;
    const head = make("div", "job-head");
    head.append(this.#name, this.#state);
    this.#running.append(this.#progress, this.#percent, this.#cancel);
    this.#actions.append(this.#retry, this.#delete);
    this.#done.append(this.#play, this.#links, this.#actions);
    this.element.tabIndex = -1; // takes the focus from a button that disappears
    const parts = [head, this.#facts, this.#running, this.#done, this.#problem, this.#playerPlace];
    this.element.append(...parts, ...lexiconOf(narration, () => onUseLexicon(this.job)));
    this.show(narration, 0);
  }

  /**
   * Show the narration's current state.
   *
   * @param skewMs by how much the server's clock is ahead of this one
   */
  show(narration, skewMs) {
    const before = this.job;
    const { name } = narration;
    const isOver = hasEnded(narration);
    const keep = keepFocus(this.element);
    this.job = narration;
    this.element.setAttribute("aria-label", name);
    this.#name.textContent = name;
    this.#state.textContent = wordsOf(narration);
    this.#state.dataset.status = narration.status;
    this.#progress.value = narration.progress;
    this.#progress.setAttribute("aria-label", t("job.progress", { name }));
    this.#percent.textContent = percent(Math.floor(narration.progress * 100) / 100);
    this.#cancel.setAttribute("aria-label", t("job.cancel.of", { name }));
    this.#retry.setAttribute("aria-label", t("job.retry.of", { name }));
    this.#running.hidden = isOver;
    this.#done.hidden = !isOver;
    this.#retry.hidden = !["failed", "cancelled"].includes(narration.status);
    this.#askNoMore();
    this.#problem.hidden = narration.status !== "failed";
    showError(this.#problem, narration.error ? failureOfJob(narration.error, narration.error_code) : null);
    this.#showFiles(before);
    this.tick(skewMs);
    keep();
  }

  /** Show the facts; the elapsed time changes by itself. */
  tick(skewMs) {
    const { voice, speed, created_at: created, finished_at: finished, audio_seconds: audioSeconds } = this.job;
    const started = this.job.status === "queued" ? null : this.job.started_at;
    const nowMs = Date.now() + skewMs;
    const left = this.job.status === "running" && started !== null
      ? timeLeft(secondsLeft(this.job.progress, (nowMs - Date.parse(started)) / 1000))
      : null;
    const facts = [
      voiceLabel(voice),
      speed === 1 ? null : factor(speed, 0),
      t("job.sent", { when: when(created) }),
      elapsed(started, finished, nowMs),
      audioSeconds > 0 ? t("narration.audio", { time: minutes(audioSeconds) }) : null,
      left,
    ];
    const text = facts.filter((fact) => fact !== null).join(", ");
    if (this.#facts.textContent !== text) {
      this.#facts.textContent = text;
    }
  }

  /** Close the player, if it is open. */
  stop() {
    if (this.#player) {
      this.#player.close();
      this.#player = null;
      playing = null;
      this.#showPlay();
    }
  }

  /** Draw again what depends on the colours. */
  redraw() {
    this.#player?.redraw();
  }

  /** The first click asks, the second one deletes. */
  async #deleteOnce(onDelete) {
    if (this.#sureTimer === 0) {
      this.#sureTimer = setTimeout(() => this.#askNoMore(), SURE_MS);
      this.#nameDelete("job.delete.sure");
    } else {
      this.#askNoMore();
      await onDelete(this.job);
    }
  }

  #askNoMore() {
    clearTimeout(this.#sureTimer);
    this.#sureTimer = 0;
    this.#nameDelete("job.delete");
  }

  #nameDelete(key) {
    this.#delete.textContent = t(key);
    this.#delete.classList.toggle("sure", this.#sureTimer !== 0);
    this.#delete.setAttribute("aria-label", t(`${key}.of`, { name: this.job.name }));
  }

  #open() {
    playing?.stop();
    playing = this;
    this.#player = new NarrationPlayer(this.#playerPlace, this.job);
    this.#showPlay();
  }

  #showPlay() {
    const key = this.#player ? "job.close" : "job.play";
    this.#play.textContent = t(key);
    this.#play.setAttribute("aria-label", t(`${key}.of`, { name: this.job.name }));
    this.#play.setAttribute("aria-expanded", String(this.#player !== null));
    this.#play.hidden = playableOf(this.job) === undefined;
  }

  /** Links are signed each time and expire: an old one is updated in place. */
  #showFiles(before) {
    const { name, files } = this.job;
    const outline = (narration) => JSON.stringify(narration?.files.map((file) => [file.format, file.url === null]));
    if (outline(before) !== outline(this.job)) {
      const chip = (file) => make(file.url === null ? "span" : "a", "chip", file.format.toUpperCase());
      this.#links.replaceChildren(...files.map(chip));
    }
    files.filter((file) => file.url !== null).forEach((file) => {
      const link = this.#links.children[files.indexOf(file)];
      link.href = linkOf(file.url);
      link.download = file.file_name;
      link.setAttribute("aria-label", t("job.download", { form: file.format.toUpperCase(), name }));
    });
    this.#showPlay();
  }
}
