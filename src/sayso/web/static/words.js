/** The text while it is spoken: the current word is highlighted, and a click on a word seeks it. */

const SOON_SECONDS = 5;
const REST_MS_PER_WORD = 0.1; // between two layouts of the text: more than one layout takes

/** Converts ascending offsets in Unicode code points into offsets in a UTF-16 string. */
class CodePoints {
  #points = 0;
  #units = 0;

  constructor(text) {
    this.text = text;
  }

  unitsAt(points) {
    while (this.#points < points && this.#units < this.text.length) {
      this.#units += this.text.codePointAt(this.#units) > 0xffff ? 2 : 1;
      this.#points += 1;
    }
    return this.#units;
  }
}

/** The text between words, which has the colour of the word before it. */
function gap(text) {
  const span = document.createElement("span");
  span.className = "gap";
  span.textContent = text;
  return span;
}

/**
 * @param element shows the text; it scrolls
 * @param text the spoken text
 * @param onSeek called with the start, in seconds, of a chosen word
 */
export class ReadingText {
  #element;
  #points;
  #rest; // the text node after the last word
  #restUnits = 0; // its start
  #words = []; // {start, end, span}, by start
  #waiting = []; // not shown yet
  #writtenAt = -Infinity;
  #lit = -1;
  #spoken = 0; // the words before this one were spoken
  #available = 0; // the sound of the words before this one was received
  #onSeek;
  #listening = new AbortController();

  constructor(element, text, onSeek) {
    this.#element = element;
    this.#points = new CodePoints(text);
    this.#rest = document.createTextNode(text);
    this.#onSeek = onSeek;
    element.replaceChildren(this.#rest);
    element.scrollTop = 0;
    const { signal } = this.#listening;
    element.addEventListener("click", (event) => this.#choose(event.target), { signal });
    element.addEventListener("keydown", (event) => this.#onKey(event), { signal });
  }

  /** Keep the text, and remove the event listeners. */
  close() {
    this.#listening.abort();
  }

  /** Add words from the API's events; `write` shows them. */
  add(words) {
    this.#waiting = this.#waiting.concat(words);
  }

  /**
   * Show the words that have been added, if it is time to: the layout of a long text takes long, and a text that the
   * server has in its cache comes many times faster than it is spoken.
   *
   * @param seconds the current position
   */
  write(seconds) {
    const isSoon = this.#waiting.length > 0 && this.#waiting[0].start < seconds + SOON_SECONDS;
    if (isSoon || performance.now() - this.#writtenAt > this.#words.length * REST_MS_PER_WORD) {
      this.#writeAll();
    }
  }

  #writeAll() {
    const words = this.#waiting;
    if (words.length === 0) {
      return;
    }
    this.#waiting = [];
    this.#writtenAt = performance.now();
    const before = this.#restUnits;
    const made = new DocumentFragment(); // the page is updated once for all of them: a text may be a book
    for (const word of words) {
      const start = this.#points.unitsAt(word.char_start);
      const end = this.#points.unitsAt(word.char_end);
      // Words that share a place in the text, as those of "$5" might, share the highlight.
      const span = end > this.#restUnits ? this.#wrap(made, Math.max(start, this.#restUnits), end) : this.#words.at(-1)?.span;
      if (span) {
        this.#words.push({ start: word.start, end: word.end, span });
      }
    }
    this.#rest.before(made);
    this.#rest.deleteData(0, this.#restUnits - before);
  }

  /** No more words will be added. */
  finish() {
    this.#writeAll();
    this.#rest.replaceWith(gap(this.#rest.data));
  }

  /** Allow choosing the words whose sound starts before this second. */
  makeAvailable(seconds) {
    while (this.#available < this.#words.length && this.#words[this.#available].start < seconds) {
      this.#words[this.#available].span.removeAttribute("aria-disabled");
      this.#available += 1;
    }
  }

  /** Highlight the word that is spoken at this second, if any. */
  light(seconds) {
    const next = this.#firstAfter(seconds);
    const current = next > 0 && seconds < this.#words[next - 1].end ? next - 1 : -1;
    this.#markSpoken(next);
    if (current === this.#lit) {
      return;
    }
    if (this.#lit !== -1) {
      this.#words[this.#lit].span.removeAttribute("aria-current");
    }
    this.#lit = current;
    if (current !== -1) {
      const { span } = this.#words[current];
      span.setAttribute("aria-current", "true");
      this.#reveal(span);
    }
  }

  #wrap(made, start, end) {
    const span = document.createElement("span");
    span.className = "word";
    span.setAttribute("role", "button");
    span.setAttribute("aria-disabled", "true");
    span.tabIndex = this.#words.length === 0 ? 0 : -1;
    span.textContent = this.#points.text.slice(start, end);
    if (start > this.#restUnits) {
      made.append(gap(this.#points.text.slice(this.#restUnits, start)));
    }
    made.append(span);
    this.#restUnits = end;
    return span;
  }

  /** The index of the first word that begins after this second. */
  #firstAfter(seconds) {
    let low = 0;
    let high = this.#words.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#words[middle].start <= seconds) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  #markSpoken(next) {
    for (; this.#spoken < next; this.#spoken += 1) {
      this.#words[this.#spoken].span.classList.add("spoken");
    }
    for (; this.#spoken > next; this.#spoken -= 1) {
      this.#words[this.#spoken - 1].span.classList.remove("spoken");
    }
  }

  /** Scroll the text, and not the page, so that a word is visible. */
  #reveal(span) {
    const frame = this.#element.getBoundingClientRect();
    const word = span.getBoundingClientRect();
    const margin = Math.min(word.height * 1.5, frame.height / 4);
    if (word.top < frame.top + margin || word.bottom > frame.bottom - margin) {
      const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      const top = this.#element.scrollTop + word.top - frame.top - frame.height / 3;
      this.#element.scrollTo({ top, behavior: isCalm ? "auto" : "smooth" });
    }
  }

  #choose(target) {
    const index = this.#words.findIndex((word) => word.span === target);
    if (index !== -1 && index < this.#available) {
      this.#moveFocus(target);
      this.#onSeek(this.#words[index].start);
    }
  }

  #onKey(event) {
    const target = event.target.closest(".word");
    if (!target || event.ctrlKey || event.altKey || event.metaKey) {
      return;
    }
    const spans = [...this.#element.querySelectorAll(".word")];
    const index = spans.indexOf(target);
    const destination = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: spans.length - 1 }[event.key];
    if (destination !== undefined) {
      event.preventDefault();
      this.#moveFocus(spans[Math.max(0, Math.min(destination, spans.length - 1))]);
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.#choose(target);
    }
  }

  /** Only one word is a tab stop; the arrow keys move between words. */
  #moveFocus(span) {
    this.#element.querySelectorAll('.word[tabindex="0"]').forEach((word) => { word.tabIndex = -1; });
    span.tabIndex = 0;
    span.focus({ preventScroll: true });
    this.#reveal(span);
  }
}
