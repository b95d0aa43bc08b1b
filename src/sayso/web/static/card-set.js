/** The phrases of a job in all their languages, played in place. */

import { button, make } from "./elements.js";

const LANGUAGES = ["En", "Fr"]; // that every phrase has; any other one may come with the phrases

const names = new Intl.DisplayNames(["en"], { type: "language", fallback: "code" });

/** The tag of a language as its keys end: "pt-br" of textPtBr. */
const tagOf = (suffix) => suffix.replace(/(?!^)([A-Z]|[0-9]{3})/g, "-$1").toLowerCase();

function nameOf(suffix) {
  try {
    return names.of(tagOf(suffix));
  } catch {
    return suffix; // no tag of a language
  }
}

const isObject = (value) => typeof value === "object" && value !== null;

/** The languages of phrases and results, English and French first. */
function languagesOf(phrases, results) {
  const keys = [...phrases, ...results].filter(isObject).flatMap(Object.keys);
  const found = keys.map((key) => /^(?:text|audioUrl)([A-Z].*)$/.exec(key)?.[1]).filter((suffix) => suffix !== undefined);
  return [...new Set([...LANGUAGES, ...found])];
}

const asList = (value) => (Array.isArray(value) ? value : []);

/** Plays one file at a time, for the whole page. */
class OneSound {
  #audio = new Audio();
  #playing = null; // the button of the file
  #onEnd = () => {};

  constructor() {
    this.#audio.addEventListener("ended", () => this.stop());
    this.#audio.addEventListener("error", () => this.#playing !== null && this.stop("The audio cannot be played."));
  }

  isPlaying(element) {
    return this.#playing === element;
  }

  /** Play a file; `onEnd` is called with a problem, or null, when it has ended or another one begins. */
  async play(url, element, onEnd) {
    this.stop();
    this.#playing = element;
    this.#onEnd = onEnd;
    this.#audio.src = url;
    try {
      await this.#audio.play();
    } catch (error) {
      if (this.#playing === element && error.name !== "AbortError") {
        this.stop(error.name === "NotAllowedError" ? "The browser wants another click." : "The audio cannot be played.");
      }
    }
  }

  stop(problem = null) {
    const onEnd = this.#onEnd;
    this.#onEnd = () => {};
    this.#playing = null;
    this.#audio.pause();
    onEnd(problem);
  }
}

const sound = new OneSound();

/** The cards of one job, in an element that it empties when it is closed. */
export class CardSet {
  #element;
  #soundOf;
  #note = make("p", "hint");
  #list = document.createElement("ol");
  #shown = null; // what the list shows, as JSON
  #playing = null; // the button of the file that plays

  /** @param soundOf gives the address at which the page may play a file, given its URL; null where it may not */
  constructor(element, soundOf) {
    this.#element = element;
    this.#soundOf = soundOf;
    this.#note.setAttribute("role", "status");
    this.#list.start = 0; // phrases are named as in the application's array
    element.replaceChildren(this.#list, this.#note);
  }

  /** Show a job with its phrases and URLs. */
  show(job) {
    const phrases = asList(job.phrases);
    const results = asList(job.resultUrls);
    const content = JSON.stringify([phrases, results, job.status]);
    if (content === this.#shown) {
      return; // what plays goes on
    }
    this.#shown = content;
    this.#stop();
    const languages = languagesOf(phrases, results);
    const isOver = ["completed", "failed"].includes(job.status);
    this.#list.replaceChildren(...phrases.map((phrase, index) => {
      const item = document.createElement("li");
      const cells = languages.map((language) => this.#cell(phrase, results[index], language, isOver));
      item.append(...cells.filter((cell) => cell !== null));
      return item;
    }));
  }

  /** Stop, and remove the cards. */
  close() {
    this.#stop();
    this.#element.replaceChildren();
  }

  #stop() {
    if (this.#playing !== null && sound.isPlaying(this.#playing)) {
      sound.stop();
    }
    this.#playing = null;
  }

  /** A phrase in one language; null where it has none. */
  #cell(phrase, result, language, isOver) {
    const text = isObject(phrase) ? phrase[`text${language}`] : undefined;
    const url = isObject(result) ? result[`audioUrl${language}`] : undefined;
    if (text === undefined && !url && !LANGUAGES.includes(language)) {
      return null;
    }
    const cell = make("p", "phrase");
    const shown = make("span", "phrase-text", typeof text === "string" ? text : "—");
    shown.lang = tagOf(language);
    cell.append(make("span", "language", nameOf(language)), shown);
    if (typeof url === "string") {
      cell.append(this.#player(url, `${typeof text === "string" ? text : "the phrase"}, ${nameOf(language)}`));
    } else if (isOver) {
      cell.append(make("span", "state failed", "Not spoken"));
    }
    return cell;
  }

  /** The button that plays a file; a link to it where the page may not. */
  #player(url, name) {
    let place;
    try {
      place = this.#soundOf(url);
    } catch {
      return make("span", "hint", url); // no URL
    }
    if (place === null) {
      const open = make("a", "chip", "Open");
      if (/^https?:/.test(url)) {
        open.href = url;
      }
      open.target = "_blank";
      open.rel = "noopener";
      open.setAttribute("aria-label", `Open ${name}`);
      return open;
    }
    const play = button("Play");
    const show = (isPlaying) => {
      play.textContent = isPlaying ? "Stop" : "Play";
      play.setAttribute("aria-label", `${play.textContent} ${name}`);
    };
    show(false);
    play.addEventListener("click", () => {
      if (sound.isPlaying(play)) {
        sound.stop();
        return;
      }
      this.#note.textContent = "";
      sound.play(place.href, play, (problem) => {
        show(false);
        this.#note.textContent = problem ?? "";
      });
      this.#playing = play;
      show(true);
    });
    return play;
  }
}
