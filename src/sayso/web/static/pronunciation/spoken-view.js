/** What will be said: shown for a text before it is spoken, with the pronunciations that its author gives. */

import { postJson } from "../common/api.js";
import { button, make } from "../common/elements.js";
import { showError } from "../common/errors.js";
import { plural, t } from "../common/language.js";
import { save } from "../common/files.js";
import { Lexicon } from "./lexicon.js";
import { LexiconList } from "./lexicon-list.js";
import { listen, stopListening } from "./listening.js";
import { SpokenText } from "./spoken-text.js";
import { WordEditor } from "./word-editor.js";

const PATH = "v1/spoken";
const LONGEST = 50_000; // characters that the server takes
const PAUSE_MS = 700; // after a change of the text, before it is looked at again

/** The beginning of a long text, up to the end of a line or a word. */
export function beginningOf(text) {
  if (text.length <= LONGEST) {
    return text;
  }
  const part = text.slice(0, LONGEST);
  const end = Math.max(part.lastIndexOf("\n"), part.lastIndexOf(" "));
  return part.slice(0, end > 0 ? end : LONGEST - 1);
}

/**
 * @param place the element that holds it
 * @param read returns what is to be said: a promise of {text, language, isMarkdown, citations}
 * @param voice returns the voice {id, model} that speaks it
 * @param onChange called when the lexicon has changed
 */
export class SpokenView {
  #read;
  #voice;
  #onChange;
  #lexicon = new Lexicon();
  #timer = 0;
  #controller = new AbortController();
  #toggle = button(t("spoken.show"));
  #panel = make("div", "spoken-panel");
  #status = make("p", "hint");
  #problem = make("p", "error");
  #area = make("div", "words spoken-words");
  #text;
  #editor;
  #list;

  constructor(place, { read, voice, onChange = () => {} }) {
    this.#read = read;
    this.#voice = voice;
    this.#onChange = onChange;
    this.#toggle.setAttribute("aria-expanded", "false");
    this.#toggle.addEventListener("click", () => this.#open(this.#panel.hidden));
    this.#panel.hidden = true;
    this.#panel.id = `${place.id}-panel`;
    this.#toggle.setAttribute("aria-controls", this.#panel.id);
    this.#status.setAttribute("role", "status");
    this.#problem.setAttribute("role", "alert");
    this.#area.setAttribute("role", "group");
    this.#area.setAttribute("aria-label", t("spoken.words"));
    this.#text = new SpokenText(this.#area, (word) => this.#editor.open(word, this.#lexicon.valueOf(word.written)));
    this.#editor = new WordEditor({
      keep: (word, value) => this.#keep(word, value),
      remove: (word) => this.#remove(word),
      listen: (...asked) => this.#listen(...asked),
      close: (word) => { stopListening(); this.#text.focusAt(word.from); },
    });
    this.#list = new LexiconList(place.id, {
      onRemove: (written) => this.#adopt(this.#lexicon.without(written)),
      onSave: () => save(new Blob([this.#lexicon.text], { type: "text/plain" }), "lexicon.txt"),
    });
    this.#panel.append(this.#status, this.#problem, this.#area, this.#editor.element);
    place.append(this.#toggle, this.#panel, this.#list.element);
  }

  /** The text of the lexicon; empty without one. */
  get lexicon() {
    return this.#lexicon.text;
  }

  set lexicon(text) {
    this.#adopt(new Lexicon(text));
  }

  /** Look at the text again soon, if it is shown. */
  refresh() {
    clearTimeout(this.#timer);
    if (!this.#panel.hidden) {
      this.#timer = setTimeout(() => this.#look(), PAUSE_MS);
    }
  }

  /** Show nothing, and forget the lexicon. */
  clear() {
    this.#open(false);
    this.#lexicon = new Lexicon();
    this.#list.show(this.#lexicon);
  }

  #open(isOpen) {
    clearTimeout(this.#timer);
    this.#controller.abort();
    stopListening();
    this.#editor.hide();
    this.#panel.hidden = !isOpen;
    this.#toggle.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) {
      this.#look();
    }
  }

  #adopt(lexicon) {
    this.#lexicon = lexicon;
    this.#list.show(lexicon);
    this.#onChange();
    this.#editor.hide();
    if (!this.#panel.hidden) {
      this.#look();
    }
  }

  /** Ask the server; throws a Failure, or an AbortError. */
  async #ask(lexicon) {
    this.#controller.abort();
    this.#controller = new AbortController();
    const { signal } = this.#controller;
    const read = await this.#read();
    const text = beginningOf(read.text);
    if (text.trim() === "") {
      return { text, read, answer: { lines: [] } };
    }
    const { language, isMarkdown: markdown, citations } = read;
    const body = { text, language, markdown, citations, ...(lexicon.text && { lexicon: lexicon.text }) };
    const answer = await (await postJson(PATH, body, signal)).json();
    signal.throwIfAborted();
    return { text, read, answer };
  }

  #show({ text, read, answer }, lexicon) {
    const others = this.#text.show(answer, text, { isMarkdown: read.isMarkdown, lexicon });
    const isPart = text.length < read.text.length;
    const words = text.trim() === "" ? t("spoken.nothing") : plural("spoken.count", others);
    this.#status.textContent = isPart ? `${words} ${t("spoken.part")}` : words;
    this.#area.hidden = answer.lines.length === 0;
  }

  /** Look at the text, and show what will be said; an error is shown in its place. */
  async #look() {
    const lexicon = this.#lexicon;
    this.#area.setAttribute("aria-busy", "true");
    try {
      this.#show(await this.#ask(lexicon), lexicon);
      this.#problem.textContent = "";
    } catch (error) {
      if (error.name === "AbortError") {
        return; // another look has begun
      }
      showError(this.#problem, error);
      this.#status.textContent = "";
      this.#area.hidden = true;
    }
    this.#area.removeAttribute("aria-busy");
  }

  async #keep(word, value) {
    const lexicon = this.#lexicon.with(word.written, value);
    const found = await this.#ask(lexicon);
    this.#lexicon = lexicon;
    this.#list.show(lexicon);
    this.#onChange();
    this.#editor.hide();
    this.#show(found, lexicon);
    this.#text.focusAt(word.from);
  }

  async #remove(word) {
    this.#lexicon = this.#lexicon.without(word.written);
    this.#list.show(this.#lexicon);
    this.#onChange();
    this.#editor.hide();
    await this.#look();
    this.#text.focusAt(word.from);
  }

  /** Let a word be heard with this value, or with null as it is said now. */
  #listen(element, word, value, onProblem) {
    const lexicon = value === null ? this.#lexicon : this.#lexicon.with(word.written, value);
    return listen(element, word.written, lexicon.text, this.#voice(), onProblem);
  }
}
