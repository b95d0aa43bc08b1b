/** A text with what will be said: words that are said otherwise than they are written are marked, and can be chosen. */

import { make } from "../common/elements.js";
import { t } from "../common/language.js";
import { Block, blocksOf } from "../text/blocks.js";
import { placer } from "../text/reading-text.js";

const plain = (text) => text.normalize().toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");

const HOLDS_SIGN = /[\p{N}\p{S}\p{P}]/u;

/** Whether two words that touch are one to a reader: "12-15", "AT&T"; not two letters, as of Chinese. */
const isOneWord = (before, written) => HOLDS_SIGN.test(before.at(-1)) || HOLDS_SIGN.test(written[0]);

/**
 * The written words of an answer of `v1/spoken`, in order, with places in UTF-16.
 *
 * @returns {from, to, written, spoken, isOther, isMended} of each
 */
function writtenWords(answer, text, lexicon) {
  const place = placer(text);
  const words = [];
  for (const { spoken, written, start, end, ipa } of answer.lines.flatMap((line) => line.words)) {
    const said = ipa === null ? spoken : `/${ipa}/`;
    const before = words.at(-1);
    if (before && end <= before.end) { // "£3.50" is several words
      before.spoken += ` ${said}`;
    } else if (before?.end === start && isOneWord(before.written, written)) {
      before.spoken += ` ${said}`;
      before.written += written;
      before.to = place({ char_start: start, char_end: end }).to;
      before.end = end;
    } else {
      words.push({ ...place({ char_start: start, char_end: end }), written, spoken: said, end });
    }
  }
  for (const word of words) {
    word.isMended = lexicon.valueOf(word.written) !== undefined;
    word.isOther = word.isMended || word.spoken.startsWith("/") || plain(word.spoken) !== plain(word.written);
  }
  return words;
}

/**
 * @param element shows the text
 * @param onChoose called with a word that was chosen: {from, written, spoken}
 */
export class SpokenText {
  #element;
  #words = [];
  #spans = [];
  #stop = 0; // the word that is a tab stop

  constructor(element, onChoose) {
    this.#element = element;
    element.addEventListener("click", ({ target }) => {
      const word = this.#wordOf(target);
      word && onChoose(word);
    });
    element.addEventListener("keydown", (event) => this.#onKey(event, onChoose));
  }

  /** Show an answer of `v1/spoken` for a text; returns how many words are said otherwise. */
  show(answer, text, { isMarkdown, lexicon }) {
    this.#words = writtenWords(answer, text, lexicon);
    this.#spans = [];
    const blocks = blocksOf(text, isMarkdown).map((range) => new Block(text, range));
    let next = 0;
    for (const block of blocks) {
      if (isMarkdown) {
        block.readMarkup();
      }
      const first = next;
      while (next < this.#words.length && this.#words[next].from < block.to) {
        next += 1;
      }
      const words = this.#words.slice(first, next).map(({ from, to }, index) => ({ from, to, index: first + index }));
      words.length > 0 && block.write(words, (index, span) => this.#dress(index, span));
    }
    this.#element.replaceChildren(...blocks.map(({ element }) => element));
    this.#moveStop(Math.min(this.#stop, this.#words.length - 1));
    return this.#words.filter(({ isOther }) => isOther).length;
  }

  /** Give a word the focus, by its place in the text. */
  focusAt(from) {
    const index = this.#words.findIndex((word) => word.to > from);
    if (index !== -1) {
      this.#moveStop(index);
      this.#spans[index].focus();
    }
  }

  #dress(index, span) {
    const { spoken, isOther, isMended } = this.#words[index];
    span.dataset.index = index;
    span.tabIndex = -1;
    if (isOther) {
      span.classList.add("other");
      span.classList.toggle("mended", isMended);
      span.append(make("span", "unseen", `, ${t("spoken.said")} `), make("span", "said", spoken));
    }
    this.#spans[index] = span;
  }

  #wordOf(target) {
    return this.#words[Number(target.closest(".word")?.dataset.index ?? -1)];
  }

  #moveStop(index) {
    this.#spans[this.#stop]?.setAttribute("tabindex", "-1");
    this.#stop = Math.max(0, index);
    this.#spans[this.#stop]?.setAttribute("tabindex", "0");
  }

  #onKey(event, onChoose) {
    const target = event.target.closest(".word");
    if (!target || event.ctrlKey || event.altKey || event.metaKey) {
      return;
    }
    const last = this.#words.length - 1;
    const index = Number(target.dataset.index);
    const destination = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: last }[event.key];
    if (destination !== undefined) {
      event.preventDefault();
      this.#moveStop(Math.max(0, Math.min(destination, last)));
      this.#spans[this.#stop].focus();
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      onChoose(this.#words[index]);
    }
  }
}
