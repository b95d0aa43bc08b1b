/** A narration in the list: its name, its progress, and its buttons. */

import { busy, button, keepFocus, make } from "./elements.js";
import { linkOf } from "./files.js";
import { NarrationPlayer, playableOf } from "./narration-player.js";
import { elapsed, minutes, when } from "./times.js";
import { voiceLabel } from "./voices.js";

const WORDS = { queued: "Waiting", running: "Narrating", completed: "Done", failed: "Failed", cancelled: "Cancelled" };

const FINAL = new Set(["completed", "failed", "cancelled"]);

/** Whether a narration has ended. */
export const hasEnded = (narration) => FINAL.has(narration.status);

/** A narration's status in words. */
export const wordsOf = (narration) => WORDS[narration.status] ?? narration.status;

let playing = null; // the row whose player is open: one at a time

/**
 * @param onCancel cancels it; returns a promise that resolves when the attempt has ended
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
  #cancel = button("Cancel");
  #play = button("Play");
  #links = make("div", "chips");
  #problem = make("p", "error");
  #running = make("div", "job-foot");
  #done = make("div", "job-foot");
  #playerPlace = make("div", "narration-player");
  #player = null;

  constructor(narration, { onCancel }) {
    busy(this.#cancel, () => onCancel(this.job));
    this.#play.addEventListener("click", () => (this.#player ? this.stop() : this.#open()));
    this.#progress.max = 1;
    this.#playerPlace.hidden = true;
    const head = make("div", "job-head");
    head.append(this.#name, this.#state);
    this.#running.append(this.#progress, this.#percent, this.#cancel);
    this.#done.append(this.#play, this.#links);
    this.element.tabIndex = -1; // takes the focus from a button that disappears
    this.element.append(head, this.#facts, this.#running, this.#done, this.#problem, this.#playerPlace);
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
    this.#progress.setAttribute("aria-label", `Progress of ${name}`);
    this.#percent.textContent = `${Math.floor(narration.progress * 100)} %`;
    this.#cancel.setAttribute("aria-label", `Cancel ${name}`);
    this.#running.hidden = isOver;
    this.#done.hidden = narration.status !== "completed";
    this.#problem.hidden = narration.status !== "failed";
    this.#problem.textContent = narration.error ?? "";
    this.#showFiles(before);
    this.tick(skewMs);
    keep();
  }

  /** Show the facts; the elapsed time changes by itself. */
  tick(skewMs) {
    const { voice, speed, created_at: created, finished_at: finished, audio_seconds: audioSeconds } = this.job;
    const started = this.job.status === "queued" ? null : this.job.started_at;
    const facts = [
      voiceLabel(voice),
      speed === 1 ? null : `${speed}×`,
      `sent ${when(created)}`,
      elapsed(started, finished, Date.now() + skewMs),
      audioSeconds > 0 ? `${minutes(audioSeconds)} of audio` : null,
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

  #open() {
    playing?.stop();
    playing = this;
    this.#player = new NarrationPlayer(this.#playerPlace, this.job);
    this.#showPlay();
  }

  #showPlay() {
    const word = this.#player ? "Close" : "Play";
    this.#play.textContent = word;
    this.#play.setAttribute("aria-label", `${word} ${this.job.name}`);
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
      link.setAttribute("aria-label", `Download ${file.format.toUpperCase()} of ${name}`);
    });
    this.#showPlay();
  }
}
