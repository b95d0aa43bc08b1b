/** The pronunciations of a text: the lines of a lexicon file, as the command line and the API take it. */

const HEADER = /^\s*\[.*\]\s*$/;

/** A word as entries are compared: case, outer punctuation and the kinds of spaces and apostrophes make no difference. */
function keyOf(written) {
  const outer = /^[^\p{L}\p{N}_]+|[^\p{L}\p{N}_]+$/gu;
  return written.replace(/\s+/g, " ").replace(outer, "").replace(/’/g, "'").toLowerCase();
}

/** The entry of a line `{written, value}`; null for a comment, a header, or an empty line. */
function entryOf(line) {
  const content = line.replace(/(^|\s)#.*/, "").trim();
  const [, written, value] = /^([^=]+)=(.*)$/.exec(content) ?? [];
  return written === undefined ? null : { written: written.trim(), value: value.trim() };
}

/** Whether a word can have an entry of its own: not where its signs mean something in the file. */
export const isWritable = (written) => keyOf(written) !== "" && !written.includes("=") && !/(?:^|\s)#|^\s*\[/.test(written);

/** A lexicon; it does not change: a change returns another one. */
export class Lexicon {
  #lines;

  constructor(text = "") {
    this.#lines = text.split(/\r?\n/);
    while (this.#lines.at(-1)?.trim() === "") {
      this.#lines.pop();
    }
  }

  get text() {
    return this.#lines.length === 0 ? "" : `${this.#lines.join("\n")}\n`;
  }

  /** Its entries `{written, value}`, in order. */
  get entries() {
    return this.#lines.map(entryOf).filter((entry) => entry !== null);
  }

  /** The pronunciation of a word; undefined without one. */
  valueOf(written) {
    return this.entries.findLast((entry) => keyOf(entry.written) === keyOf(written))?.value;
  }

  /** With this pronunciation of a word, which replaces the one that it has. */
  with(written, value) {
    const line = `${written.replace(/\s+/g, " ").trim()} = ${value}`;
    const isOf = (each) => keyOf(entryOf(each)?.written ?? "") === keyOf(written);
    if (this.#lines.some(isOf)) {
      return new Lexicon(this.#lines.map((each) => (isOf(each) ? line : each)).join("\n"));
    }
    const header = this.#lines.findIndex((each) => HEADER.test(each)); // what stands above holds for every language
    const place = header === -1 ? this.#lines.length : header;
    return new Lexicon(this.#lines.toSpliced(place, 0, line).join("\n"));
  }

  without(written) {
    const isOf = (each) => keyOf(entryOf(each)?.written ?? "") === keyOf(written);
    return new Lexicon(this.#lines.filter((each) => !isOf(each)).join("\n"));
  }
}
