/** A narration in the list: its name, its progress, and its buttons. */

import { hasEnded } from "./following.js";
import { linkOf } from "./files.js";
import { NarrationPlayer, playableOf } from "./narration-player.js";
import { minutes } from "./times.js";
import { voiceLabel } from "./voices.js";

const WORDS = { queued: "Waiting", running: "Narrating", completed: "Done", failed: "Failed", cancelled: "Cancelled" };

/** A narration's status in words. */
export const wordsOf = (narration) => WORDS[narration.status] ?? narration.status;

let playing = null; // the row whose player is open: one at a time

function make(kind, className, text = "") {
  const element = document.createElement(kind);
  element.className = className;
  element.textContent = text; // names come from outside: never HTML
  return element;
}

/** A time in its shortest form. */
function when(time) {
  const at = new Date(time);
  const isToday = at.toDateString() === new Date().toDateString();
  return at.toLocaleString([], isToday ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
}

/** How long a narration has been running, in words; null if it has not started. */
function elapsed({ status, started_at: started, finished_at: finished }, nowMs) {
  if (started === null || status === "queued") {
    return null;
  }
  const time = minutes(((finished === null ? nowMs : Date.parse(finished)) - Date.parse(started)) / 1000);
  return finished === null ? `for ${time} now` : `took ${time}`;
}

/**
 * @param onCancel cancels it; returns a promise that resolves when the attempt has ended
 */
export class NarrationRow {
  element = make("li", "narration");
  narration = null;
  changedAt = 0; // the time of the latest update, by performance.now()
  #name = make("h3", "");
  #state = make("span", "state");
  #facts = make("p", "hint facts");
  #progress = document.createElement("progress");
  #percent = make("span", "hint percent");
  #cancel = make("button", "small", "Cancel");
  #play = make("button", "small", "Play");
  #links = make("div", "chips");
  #problem = make("p", "error");
  #running = make("div", "narration-foot");
  #done = make("div", "narration-foot");
  #playerPlace = make("div", "narration-player");
  #player = null;

  constructor(narration, { onCancel }) {
    this.#cancel.type = this.#play.type = "button";
    this.#cancel.addEventListener("click", async () => {
      if (this.#cancel.getAttribute("aria-busy") !== "true") {
        this.#cancel.setAttribute("aria-busy", "true");
        await onCancel(this.narration);
        this.#cancel.removeAttribute("aria-busy");
      }
    });
    this.#play.addEventListener("click", () => (this.#player ? this.stop() : this.#open()));
    this.#progress.max = 1;
    this.#playerPlace.hidden = true;
    const head = make("div", "narration-head");
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
    const before = this.narration;
    const { name } = narration;
    const isOver = hasEnded(narration);
    const hadFocus = this.element.contains(document.activeElement);
    this.narration = narration;
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
    const focused = document.activeElement;
    if (hadFocus && !(this.element.contains(focused) && focused.checkVisibility())) {
      this.element.focus();
    }
  }

  /** Show the facts; the elapsed time changes by itself. */
  tick(skewMs) {
    const { voice, speed, created_at: created, audio_seconds: audioSeconds } = this.narration;
    const facts = [
      voiceLabel(voice),
      speed === 1 ? null : `${speed}×`,
      `sent ${when(created)}`,
      elapsed(this.narration, Date.now() + skewMs),
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
    this.#player = new NarrationPlayer(this.#playerPlace, this.narration);
    this.#showPlay();
  }

  #showPlay() {
    const word = this.#player ? "Close" : "Play";
    this.#play.textContent = word;
    this.#play.setAttribute("aria-label", `${word} ${this.narration.name}`);
    this.#play.setAttribute("aria-expanded", String(this.#player !== null));
    this.#play.hidden = playableOf(this.narration) === undefined;
  }

  /** Links are signed each time and expire: an old one is updated in place. */
  #showFiles(before) {
    const { name, files } = this.narration;
    const outline = (narration) => JSON.stringify(narration?.files.map((file) => [file.format, file.url === null]));
    if (outline(before) !== outline(this.narration)) {
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
