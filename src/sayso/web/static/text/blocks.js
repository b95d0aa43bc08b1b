/** A text in blocks: paragraphs, or pieces of long ones, of which only those in sight are laid out. */

import { beginsBlock, kindOf, markupOf } from "./markup.js";

const LONGEST_BLOCK = 4_000; // in UTF-16 units
const PLAIN_BLOCK = 1_500; // lines are joined up to so many

/** The next place to cut a long piece: after a space, if there is one. */
function cutAt(text, from, end) {
  const space = text.slice(from, end).lastIndexOf(" ");
  return space > 0 ? from + space + 1 : end;
}

/** Cut a text into consecutive ranges `{from, to}`, at the ends of lines where possible. */
export function blocksOf(text, isMarkdown) {
  const blocks = [];
  let from = 0;
  const close = (to) => {
    for (; to - from > LONGEST_BLOCK; from = blocks.at(-1).to) {
      blocks.push({ from, to: cutAt(text, from, from + LONGEST_BLOCK) });
    }
    if (to > from) {
      blocks.push({ from, to });
      from = to;
    }
  };
  let isFenced = false;
  for (let line = 0; line < text.length;) {
    const newline = text.indexOf("\n", line);
    const next = newline === -1 ? text.length : newline + 1;
    const content = text.slice(line, Math.min(next, line + LONGEST_BLOCK));
    if (isMarkdown) {
      if (!isFenced && beginsBlock(content)) {
        close(line);
      }
      isFenced = /^ {0,3}(?:```|~~~)/.test(content) ? !isFenced : isFenced;
      if (content.trim() === "" && from === line && blocks.length > 0) {
        blocks.at(-1).to = from = next; // a further empty line belongs to the block before it
      } else if (!isFenced && (content.trim() === "" || /^ {0,3}#{1,6}[ \t]/.test(content))) {
        close(next);
      }
    } else if (next - from > PLAIN_BLOCK) {
      close(next);
    }
    line = next;
  }
  close(text.length);
  return blocks;
}

/** One block of a text: an element that shows it, with a span for each known word once it is dressed. */
export class Block {
  element = document.createElement("div");
  isDressed = false;
  first = -1; // its words, by index
  end = -1;
  #text;
  #written; // the unit up to which words were written
  #isMarked = false;
  #hidden = [];
  #styled = [];
  #cuts = [];

  /** @param text the whole text, of which the block shows the range from `from` to `to` */
  constructor(text, { from, to }) {
    this.#text = text;
    this.from = this.#written = from;
    this.to = to;
    this.element.className = "block";
    this.element.append(text.slice(from, to));
  }

  /** Show it without its marks: when it comes into sight, since a book has many blocks. */
  readMarkup() {
    if (this.#isMarked) {
      return;
    }
    this.#isMarked = true;
    const source = this.#text.slice(this.from, this.to);
    const { hidden, styled } = markupOf(source);
    this.element.classList.add("marked", kindOf(source));
    // The empty lines after a block are the distance to the next.
    hidden.push([source.trimEnd().length, source.length]);
    this.#hidden = hidden.map(([from, to]) => [this.from + from, this.from + to]);
    this.#styled = styled.map(({ from, to, style }) => ({ from: this.from + from, to: this.from + to, style }));
    this.#cuts = [...new Set([...this.#hidden.flat(), ...this.#styled.flatMap(({ from, to }) => [from, to])])]
      .sort((one, other) => one - other);
    this.undress();
  }

  /** The visible pieces of a range, with their styles. */
  #pieces(from, to) {
    const ends = [...this.#cuts.filter((cut) => cut > from && cut < to), to];
    const pieces = [];
    let begin = from;
    for (const end of ends) {
      if (!this.#hidden.some(([first, last]) => first <= begin && end <= last)) {
        const styles = this.#styled.filter((range) => range.from <= begin && end <= range.to).map(({ style }) => style);
        pieces.push({ text: this.#text.slice(begin, end), styles: styles.filter((style) => style !== "") });
      }
      begin = end;
    }
    return pieces;
  }

  /** The text between words, which has the colour of the word before it. */
  #gaps(from, to) {
    return this.#pieces(from, to).map(({ text, styles }) => {
      const span = document.createElement("span");
      span.className = ["gap", ...styles].join(" ");
      span.textContent = text;
      return span;
    });
  }

  /** The text after the last known word. */
  #rest() {
    return this.#gaps(this.#written, this.to);
  }

  /**
   * Write words that follow those that were written.
   *
   * @param words {index, from, to}
   * @param onWord called with each index and its span
   */
  write(words, onWord) {
    const made = new DocumentFragment();
    for (const { index, from, to } of words) {
      const begin = Math.max(from, this.#written);
      const end = Math.min(to, this.to);
      made.append(...this.#gaps(this.#written, begin));
      const span = document.createElement("span");
      const pieces = this.#pieces(begin, end);
      span.className = ["word", ...(pieces[0]?.styles ?? [])].join(" ");
      span.setAttribute("role", "button");
      span.textContent = pieces.map(({ text }) => text).join("") || this.#text.slice(begin, end);
      onWord(index, span);
      made.append(span);
      this.#written = end;
    }
    while (this.element.lastChild && !this.element.lastChild.classList?.contains("word")) {
      this.element.lastChild.remove();
    }
    this.element.append(made, ...this.#rest());
  }

  /** Show the text without words again. */
  undress() {
    this.isDressed = false;
    this.#written = this.from;
    this.element.replaceChildren(...this.#rest());
  }
}
