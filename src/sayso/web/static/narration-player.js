/** Plays a finished narration from its files, and highlights its words. */

import { ask } from "./api.js";
import { linkOf, MEDIA_TYPES } from "./files.js";
import { ReadingText } from "./words.js";

const AUDIO = ["mp3", "m4a", "opus", "flac", "wav", "aac"]; // in order of preference: seeking in an AAC stream is imprecise

/** The file that this browser plays best; undefined where it plays none. */
export function playableOf(narration) {
  const probe = document.createElement("audio");
  const isPlayable = (form) => probe.canPlayType(MEDIA_TYPES[form]) !== "";
  const playable = AUDIO.filter(isPlayable);
  const files = narration.files.filter((file) => file.url !== null && playable.includes(file.format));
  files.sort((one, other) => playable.indexOf(one.format) - playable.indexOf(other.format));
  return files[0];
}

/** The browser's own player and the text, in an element that it empties when it is closed. */
export class NarrationPlayer {
  #element;
  #audio = document.createElement("audio");
  #note = document.createElement("p");
  #text = document.createElement("div");
  #words = null;
  #frame = 0;
  #controller = new AbortController();

  constructor(element, narration) {
    this.#element = element;
    this.#audio.controls = true;
    this.#audio.src = linkOf(playableOf(narration).url);
    this.#audio.setAttribute("aria-label", `Player of ${narration.name}`);
    this.#note.className = "hint";
    this.#note.setAttribute("role", "status");
    this.#text.className = "words spoken-text";
    this.#text.setAttribute("role", "group");
    this.#text.setAttribute("aria-label", `The text of ${narration.name}; Enter on a word plays from there`);
    this.#text.hidden = true;
    element.replaceChildren(this.#audio, this.#note, this.#text);
    element.hidden = false;
    for (const kind of ["play", "pause", "seeked", "ended"]) {
      this.#audio.addEventListener(kind, () => this.#follow());
    }
    this.#audio.addEventListener("error", () => this.#say("The audio cannot be played."));
    this.#showText(narration.files.find((file) => file.format === "json"));
    this.#play();
  }

  /** Stop, and release the files. */
  close() {
    this.#controller.abort();
    cancelAnimationFrame(this.#frame);
    this.#words?.close();
    this.#audio.pause();
    this.#audio.removeAttribute("src");
    this.#audio.load(); // ends the download
    this.#element.replaceChildren();
    this.#element.hidden = true;
  }

  #say(message) {
    this.#note.textContent = message;
  }

  async #play() {
    try {
      await this.#audio.play();
    } catch (error) {
      if (error.name === "NotAllowedError") { // the browser wants another click; the player is there
        this.#say("Press play.");
      }
    }
  }

  async #showText(file) {
    if (!file?.url) {
      this.#say("Its words are not shown: JSON, which has their times, is not among its formats.");
      return;
    }
    try {
      const timeline = await (await ask(linkOf(file.url), { signal: this.#controller.signal })).json();
      this.#controller.signal.throwIfAborted();
      this.#text.hidden = false;
      this.#words = new ReadingText(this.#text, timeline.text, (seconds) => this.#seek(seconds));
      this.#words.add(timeline.words);
      this.#words.finish();
      this.#words.makeAvailable(Infinity);
      this.#follow();
    } catch (error) {
      if (error.name !== "AbortError") {
        this.#say(`Its words cannot be shown: ${error.message}`);
      }
    }
  }

  #seek(seconds) {
    this.#audio.currentTime = seconds;
    this.#play();
  }

  /** Highlight the current word, at every frame while it plays. */
  #follow() {
    cancelAnimationFrame(this.#frame);
    this.#words?.light(this.#audio.currentTime);
    if (!this.#audio.paused) {
      this.#frame = requestAnimationFrame(() => this.#follow());
    }
  }
}
