/** The text while it is spoken: the current word is highlighted, and a click on a word seeks it. */

import { Block, blocksOf } from "./blocks.js";

const FEW_BLOCKS = 40; // a text with no more has all its words in the page; a longer one only those in sight

const MOST_MARKED_BLOCKS = 20_000; // a text with more, such as a list of a million lines, is shown as it is
const MOST_STEPS = 8; // of scrolling to a word

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

/** The API's words with their places in UTF-16, as `ReadingText` takes them; for words in order. */
export function placer(text) {
  const points = new CodePoints(text);
  return ({ start, end, char_start: from, char_end: to }) => (
    { start, end, from: points.unitsAt(from), to: points.unitsAt(to) }
  );
}

/**
 * @param element shows the text; it scrolls
 * @param text the spoken text
 * @param onSeek called with the start, in seconds, of a chosen word
 * @param isMarkdown whether it is shown without its marks
 */
export class ReadingText {
  #element;
  #blocks;
  #isLong;
  #isMarkdown;
  #words = []; // {start, end, from, to, index}, by start; `index` is of the word whose span it shares
  #place = 0; // the block of the last word
  #spans = new Map(); // of the words in dressed blocks, by index
  #lit = -1;
  #spoken = 0; // the words before this one were spoken
  #available = 0; // the sound of the words before this one was received
  #stop = 0; // the word that is a tab stop
  #onSeek;
  #listening = new AbortController();
  #sight;

  constructor(element, text, onSeek, { isMarkdown = false } = {}) {
    this.#element = element;
    this.#onSeek = onSeek;
    const ranges = blocksOf(text, isMarkdown);
    this.#isMarkdown = isMarkdown && ranges.length <= MOST_MARKED_BLOCKS;
    const shown = this.#isMarkdown ? ranges : blocksOf(text, false);
    this.#blocks = shown.map((range) => new Block(text, range));
    this.#isLong = this.#blocks.length > FEW_BLOCKS;
    element.replaceChildren();
    this.#blocks.forEach((block) => element.append(block.element));
    if (this.#isMarkdown && !this.#isLong) {
      this.#blocks.forEach((block) => block.readMarkup());
    }
    element.classList.toggle("long", this.#isLong);
    element.scrollTop = 0;
    if (this.#isLong) {
      this.#watch();
    }
    const { signal } = this.#listening;
    element.addEventListener("click", (event) => this.#choose(event.target), { signal });
    element.addEventListener("keydown", (event) => this.#onKey(event), { signal });
  }

  /** Keep the text, and remove the event listeners. */
  close() {
    this.#listening.abort();
    this.#sight?.disconnect();
  }

  /** Add words with their times and places in the text, in order. */
  add(words) {
    const changed = new Set();
    for (const word of words) {
      const before = this.#words.at(-1);
      const index = this.#words.length;
      // Words that share a place in the text, as those of "$5" might, share the highlight.
      const shared = before !== undefined && word.to <= this.#words[before.index].to;
      this.#words.push({ ...word, index: shared ? before.index : index });
      if (shared) {
        continue;
      }
      while (this.#place < this.#blocks.length - 1 && word.from >= this.#blocks[this.#place].to) {
        this.#place += 1;
      }
      const block = this.#blocks[this.#place];
      if (block !== undefined) {
        block.first = block.first === -1 ? index : block.first;
        block.end = index + 1;
        changed.add(block);
      }
    }
    changed.forEach((block) => (block.isDressed || !this.#isLong) && this.#dress(block));
  }

  /** Allow choosing the words whose sound starts before this second. */
  makeAvailable(seconds) {
    while (this.#available < this.#words.length && this.#words[this.#available].start < seconds) {
      this.#spans.get(this.#available)?.removeAttribute("aria-disabled");
      this.#available += 1;
    }
  }

  /** Highlight the word that is spoken at this second, if any. */
  light(seconds) {
    const next = this.#firstAfter(seconds);
    const current = next > 0 && seconds < this.#words[next - 1].end ? this.#words[next - 1].index : -1;
    this.#markSpoken(next);
    if (current === this.#lit) {
      return;
    }
    this.#spans.get(this.#lit)?.removeAttribute("aria-current");
    this.#lit = current;
    if (current !== -1) {
      const span = this.#spanOf(current);
      span?.setAttribute("aria-current", "true");
      span && this.#reveal(span);
    }
  }

  /** Dress the blocks in sight, and undress those that are far. */
  #watch() {
    const blocks = new Map(this.#blocks.map((block) => [block.element, block]));
    this.#sight = new IntersectionObserver((entries) => entries.forEach(({ target, isIntersecting }) => {
      const block = blocks.get(target);
      if (isIntersecting && !block.isDressed) {
        this.#dress(block);
      } else if (!isIntersecting && block.isDressed && !this.#isNeeded(target)) {
        this.#forget(block);
        block.undress();
      }
    }), { root: this.#element, rootMargin: "100% 0px" });
    this.#blocks.forEach((block) => this.#sight.observe(block.element));
  }

  /** Whether an element holds the lit word or the focus. */
  #isNeeded(element) {
    const lit = this.#spans.get(this.#lit);
    return element.contains(document.activeElement) || (lit !== undefined && element.contains(lit));
  }

  /** Write the words of a block that are known and not written. */
  #dress(block) {
    if (this.#isMarkdown) {
      block.readMarkup();
    }
    block.isDressed = true;
    if (block.first === -1) {
      return;
    }
    const words = [];
    for (let index = block.first; index < block.end; index += 1) {
      if (this.#words[index].index === index && !this.#spans.has(index)) {
        words.push({ ...this.#words[index], index });
      }
    }
    block.write(words, (index, span) => {
      this.#spans.set(index, span);
      span.dataset.index = index;
      span.tabIndex = index === this.#stop ? 0 : -1;
      span.classList.toggle("spoken", index < this.#spoken);
      if (index >= this.#available) {
        span.setAttribute("aria-disabled", "true");
      }
      if (index === this.#lit) {
        span.setAttribute("aria-current", "true");
      }
    });
  }

  #forget(block) {
    for (let index = block.first; index !== -1 && index < block.end; index += 1) {
      this.#spans.delete(index);
    }
  }

  /** The span of a word, whose block is dressed for it; undefined where no block holds it. */
  #spanOf(index) {
    if (!this.#spans.has(index)) {
      const block = this.#blocks.find((each) => each.first !== -1 && each.first <= index && index < each.end);
      block && this.#dress(block);
    }
    return this.#spans.get(index);
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
      this.#spans.get(this.#spoken)?.classList.add("spoken");
    }
    for (; this.#spoken > next; this.#spoken -= 1) {
      this.#spans.get(this.#spoken - 1)?.classList.remove("spoken");
    }
  }

  /**
   * Scroll the text, and not the page, so that a word is visible.
   *
   * The heights of blocks that were never in sight are estimates: a long way is made in several steps.
   */
  #reveal(span, steps = MOST_STEPS) {
    const frame = this.#element.getBoundingClientRect();
    const word = span.getBoundingClientRect();
    const margin = Math.min(word.height * 1.5, frame.height / 4);
    const isAway = word.top < frame.top + margin || word.bottom > frame.bottom - margin;
    if (isAway) {
      const isCalm = this.#isLong || matchMedia("(prefers-reduced-motion: reduce)").matches;
      const top = this.#element.scrollTop + word.top - frame.top - frame.height / 3;
      this.#element.scrollTo({ top, behavior: isCalm ? "auto" : "smooth" });
    }
    if (this.#isLong && steps > 0 && (isAway || steps < MOST_STEPS)) {
      requestAnimationFrame(() => span.isConnected && this.#reveal(span, steps - 1));
    }
  }

  #choose(target) {
    const index = Number(target.closest(".word")?.dataset.index ?? -1);
    if (index !== -1 && index < this.#available) {
      this.#moveFocus(index);
      this.#onSeek(this.#words[index].start);
    }
  }

  #onKey(event) {
    const target = event.target.closest(".word");
    if (!target || event.ctrlKey || event.altKey || event.metaKey) {
      return;
    }
    const last = this.#words.length - 1;
    const index = Number(target.dataset.index);
    const destination = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: last }[event.key];
    if (destination !== undefined) {
      event.preventDefault();
      this.#moveFocus(this.#shown(Math.max(0, Math.min(destination, last)), event.key === "ArrowRight" ? 1 : -1));
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.#choose(target);
    }
  }

  /** The nearest word in a direction that has a span of its own. */
  #shown(index, step) {
    let found = index;
    while (this.#words[found] && this.#words[found].index !== found) {
      found += step;
    }
    return this.#words[found] ? found : this.#words[index].index;
  }

  /** Only one word is a tab stop; the arrow keys move between words. */
  #moveFocus(index) {
    const span = this.#spanOf(index);
    this.#spans.get(this.#stop)?.setAttribute("tabindex", "-1");
    this.#stop = index;
    span.tabIndex = 0;
    span.focus({ preventScroll: true });
    this.#reveal(span);
  }
}
