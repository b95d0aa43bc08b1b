/** The phrases of a job in all their languages, played in place. */

import { button, make } from "../common/elements.js";
import { languageName, t } from "../common/language.js";
import { sound } from "../sound/one-sound.js";

const LANGUAGES = ["En", "Fr"]; // that every phrase has; any other one may come with the phrases

/** The tag of a language as its keys end: "pt-br" of textPtBr. */
const tagOf = (suffix) => suffix.replace(/(?!^)([A-Z]|[0-9]{3})/g, "-$1").toLowerCase();

function nameOf(suffix) {
  const tag = tagOf(suffix);
  const name = languageName(tag);
  return name === tag ? suffix : name; // no tag of a language
}

const isObject = (value) => typeof value === "object" && value !== null;

/** The languages of phrases and results, English and French first. */
function languagesOf(phrases, results) {
  const keys = [...phrases, ...results].filter(isObject).flatMap(Object.keys);
  const found = keys.map((key) => /^(?:text|audioUrl)([A-Z].*)$/.exec(key)?.[1]).filter((suffix) => suffix !== undefined);
  return [...new Set([...LANGUAGES, ...found])];
}

const asList = (value) => (Array.isArray(value) ? value : []);

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
      cell.append(this.#player(url, `${typeof text === "string" ? text : t("card.phrase")}, ${nameOf(language)}`));
    } else if (isOver) {
      cell.append(make("span", "state failed", t("card.unspoken")));
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
      const open = make("a", "chip", t("card.open"));
      if (/^https?:/.test(url)) {
        open.href = url;
      }
      open.target = "_blank";
      open.rel = "noopener";
      open.setAttribute("aria-label", t("card.open.of", { name }));
      return open;
    }
    const play = button(t("job.play"));
    const show = (isPlaying) => {
      const key = isPlaying ? "card.stop" : "job.play";
      play.textContent = t(key);
      play.setAttribute("aria-label", t(`${key}.of`, { name }));
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
