/** Downloads, each made only once. */

import { number } from "./language.js";

export const MEDIA_TYPES = {
  mp3: "audio/mpeg",
  m4a: "audio/mp4",
  wav: "audio/wav",
  flac: "audio/flac",
  opus: "audio/ogg",
  aac: "audio/aac",
  srt: "application/x-subrip",
  vtt: "text/vtt",
  ass: "text/x-ssa",
  ttml: "application/ttml+xml",
  json: "application/json",
  txt: "text/plain",
};

/** A size such as "1.2 MB". */
export function sizeOf(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const step = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  const digits = step ? 1 : 0;
  return number(bytes / 1000 ** step, {
    style: "unit", unit: units[step], unitDisplay: step ? "short" : "long", maximumFractionDigits: digits,
    minimumFractionDigits: digits,
  });
}

/** A file of a form such as mp3 or srt, from its text or bytes. */
export function fileOf(form, content) {
  return new Blob([content], { type: MEDIA_TYPES[form] });
}

export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // by then the browser has read it
}

/** A link from the server, with this page's protocol if it has the same host: a proxy may hide the use of HTTPS. */
export function linkOf(url) {
  const link = new URL(url, document.baseURI);
  if (link.host === location.host) {
    link.protocol = location.protocol;
  }
  return link;
}

/** A file's name without its suffix. */
export const stem = (name) => name.replace(/\.[^.]*$/, "") || name;

/**
 * Buttons that each save a file of one form.
 *
 * @param element holds the buttons, which name their form in data-form
 * @param make returns the file of a form, given a signal; its errors are passed to onError
 */
export class DownloadButtons {
  #element;
  #make;
  #made = new Map();
  #name = "";
  #controller = new AbortController();

  constructor(element, { make, onBegin, onSaved, onError }) {
    this.#element = element;
    this.#make = make;
    element.addEventListener("click", async (event) => {
      const button = event.target.closest("button");
      if (!button || button.getAttribute("aria-busy") === "true") {
        return;
      }
      const { form } = button.dataset;
      button.setAttribute("aria-busy", "true");
      onBegin(form);
      try {
        const name = `${this.#name}.${form}`;
        save(await this.#file(form), name);
        onSaved(name);
      } catch (error) {
        onError(error);
      } finally {
        button.removeAttribute("aria-busy");
      }
    });
  }

  /** Offer files of new content, with this name. */
  show(name) {
    this.#name = name;
    this.#element.hidden = false;
  }

  /** Offer nothing, and drop the files that were made. */
  hide() {
    this.#element.hidden = true;
    this.#made.clear();
    this.#controller.abort();
    this.#controller = new AbortController();
  }

  async #file(form) {
    const made = this.#made;
    if (!made.has(form)) {
      const { signal } = this.#controller;
      const file = await this.#make(form, signal);
      signal.throwIfAborted();
      made.set(form, file);
    }
    return made.get(form);
  }
}
