/** A checkbox that says whether a text is Markdown: it follows the text until the visitor changes it. */

import { looksLikeMarkdown } from "./markup.js";

export class MarkdownTick {
  #box;
  #isChosen = false;

  constructor(box) {
    this.#box = box;
    box.addEventListener("input", () => { this.#isChosen = true; });
  }

  /** Follow a text that has changed; `isKnown` says that it is Markdown, as by the name of its file. */
  follow(text, isKnown = false) {
    if (text === "") {
      this.#isChosen = false;
    }
    if (!this.#isChosen) {
      this.#box.checked = isKnown || looksLikeMarkdown(text);
    }
  }

  set(isMarkdown) {
    this.#box.checked = isMarkdown;
    this.#isChosen = true;
  }

  get isMarkdown() {
    return this.#box.checked;
  }
}
