/** Changes the pronunciation of one word: by a respelling or by IPA, which can be heard before it is kept. */

import { busy, button, make } from "../common/elements.js";
import { Failure, showError } from "../common/errors.js";
import { t } from "../common/language.js";
import { isWritable } from "./lexicon.js";

let count = 0; // of editors, for the ids of their elements

const REFUSED = "invalid_lexicon";
const KINDS = ["respelling", "ipa"];

/** The value of an entry in a lexicon, as it stands behind the equals sign. */
function valueOf(kind, typed) {
  const text = typed.replace(/\s+/g, " ").trim();
  return kind === "ipa" ? `/${text.replace(/^\/|\/$/g, "")}/` : text;
}

/**
 * @param onKeep called with a word and the value of its entry; throws the Failure of a value that the server refuses
 * @param onRemove called with a word whose entry goes
 * @param onListen called with the button, a word, and the value or null, and a function that is given a Failure or null
 * @param onClose called with the word, when the editor was closed without a change
 */
export class WordEditor {
  element = make("div", "word-editor");
  #on;
  #word = null;
  #title = make("p", "editor-title");
  #kind = document.createElement("select");
  #typed = document.createElement("input");
  #problem = make("p", "error");
  #hint = make("p", "hint", t("spoken.editor.hint"));
  #listen = button(t("voices.listen"));
  #keep = button(t("spoken.keep"));
  #remove = button(t("spoken.remove"));
  #close = button(t("voices.close"));

  constructor(on) {
    this.#on = on;
    count += 1;
    const id = `word-editor-${count}`;
    Object.assign(this.#title, { id: `${id}-title` });
    Object.assign(this.#kind, { id: `${id}-kind` });
    Object.assign(this.#hint, { id: `${id}-hint` });
    Object.assign(this.#problem, { id: `${id}-error` });
    Object.assign(this.#typed, {
      id: `${id}-typed`, type: "text", autocomplete: "off", spellcheck: false, autocapitalize: "off", maxLength: 200,
    });
    this.#kind.append(...KINDS.map((kind) => new Option(t(`spoken.${kind}`), kind)));
    this.#problem.setAttribute("role", "alert");
    this.#typed.setAttribute("aria-describedby", `${this.#hint.id} ${this.#problem.id}`);
    this.#listen.setAttribute("aria-pressed", "false");
    this.#keep.classList.add("primary");
    this.element.hidden = true;
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-labelledby", this.#title.id);
    const row = make("div", "row");
    row.append(this.#field(t("spoken.by"), this.#kind, "narrow"), this.#field(t("spoken.as"), this.#typed, "wider"));
    const actions = make("div", "row actions");
    actions.append(this.#keep, this.#listen, this.#remove, this.#close);
    this.element.append(this.#title, row, this.#hint, this.#problem, actions);
    this.#follow();
  }

  #field(label, input, width) {
    const field = make("div", `field grow ${width}`);
    const name = make("label", "", label);
    name.htmlFor = input.id;
    field.append(name, input);
    return field;
  }

  #follow() {
    busy(this.#keep, () => this.#keepValue());
    this.#remove.addEventListener("click", () => this.#on.remove(this.#word));
    this.#close.addEventListener("click", () => this.close());
    this.#listen.addEventListener("click", () => {
      const typed = this.#typed.value.trim();
      const value = typed === "" ? null : valueOf(this.#kind.value, typed);
      this.#on.listen(this.#listen, this.#word, value, (error) => this.#complain(error));
    });
    this.#typed.addEventListener("input", () => this.#complain(null));
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        event.stopPropagation();
        this.close();
      } else if (event.key === "Enter" && event.target === this.#typed) {
        event.preventDefault(); // it is in a form, which is not to be sent
        this.#keep.click();
      }
    });
  }

  /** Edit a word: {written, spoken}, with the value of its entry, or undefined. */
  open(word, value) {
    this.#word = word;
    const isIpa = /^\/.*\/$/.test(value ?? "");
    this.#title.textContent = word.spoken === word.written ? word.written : t("spoken.word", word);
    this.#kind.value = isIpa ? "ipa" : "respelling";
    this.#typed.value = (value ?? "").replace(/^\/|\/$/g, "");
    this.#remove.hidden = value === undefined;
    const canChange = isWritable(word.written);
    this.#typed.disabled = this.#kind.disabled = this.#keep.disabled = !canChange;
    this.#complain(null);
    if (!canChange) {
      this.#problem.textContent = t("spoken.unwritable");
    }
    this.element.hidden = false;
    this.element.scrollIntoView({ block: "nearest" });
    (canChange ? this.#typed : this.#close).focus();
  }

  /** Close it; the word gets the focus. */
  close() {
    this.hide();
    this.#on.close(this.#word);
  }

  hide() {
    this.element.hidden = true;
  }

  async #keepValue() {
    this.#complain(null);
    const typed = this.#typed.value.trim();
    if (typed === "") {
      this.#problem.textContent = t("spoken.empty");
      this.#mark(true);
      this.#typed.focus();
      return;
    }
    try {
      await this.#on.keep(this.#word, valueOf(this.#kind.value, typed));
    } catch (error) {
      this.#complain(error);
      this.#typed.focus();
    }
  }

  #complain(error) {
    // The server's message of a wrong entry is about a line of a file.
    showError(this.#problem, error?.code === REFUSED ? new Failure(t("error.code.invalid_lexicon")) : error);
    this.#mark(this.#problem.textContent !== "");
  }

  /** Mark the value as wrong, or not. */
  #mark(isWrong) {
    isWrong ? this.#typed.setAttribute("aria-invalid", "true") : this.#typed.removeAttribute("aria-invalid");
  }
}
