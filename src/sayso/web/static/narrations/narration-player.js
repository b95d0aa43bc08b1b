/** Plays a finished narration from its files, with its words, its outline and its chapters. */

import { ask } from "../common/api.js";
import { copied } from "../common/clipboard.js";
import { button, make } from "../common/elements.js";
import { inOneLine } from "../common/errors.js";
import { linkOf, MEDIA_TYPES } from "../common/files.js";
import { t } from "../common/language.js";
import { minutes } from "../common/times.js";
import { looksLikeMarkdown } from "../text/markup.js";
import { PlayedText } from "../text/played-text.js";
import { placer } from "../text/reading-text.js";

const AUDIO = ["mp3", "m4a", "opus", "flac", "wav", "aac"]; // in order of preference: seeking in an AAC stream is imprecise
const OUTLINED_BYTES_PER_SECOND = 24_000; // more than compressed sound has: a WAV of hours is not loaded for its outline
const LONGEST_OUTLINE_SECONDS = 1_800;

/** The file that this browser plays best; undefined where it plays none. */
export function playableOf(narration) {
  const probe = document.createElement("audio");
  const isPlayable = (form) => probe.canPlayType(MEDIA_TYPES[form]) !== "";
  const playable = AUDIO.filter(isPlayable);
  const files = narration.files.filter((file) => file.url !== null && playable.includes(file.format));
  files.sort((one, other) => playable.indexOf(one.format) - playable.indexOf(other.format));
  return files[0];
}

/** The player, in an element that it empties when it is closed. */
export class NarrationPlayer {
  #element;
  #narration;
  #file;
  #audio = document.createElement("audio");
  #note = make("p", "hint");
  #canvas = document.createElement("canvas");
  #chapters = make("ol", "chapters");
  #text = make("div", "words spoken-text");
  #share = button(t("narration.share"));
  #marks = []; // the chapters: {start, end, mark}
  #played;
  #controller = new AbortController();

  constructor(element, narration) {
    const { name } = narration;
    this.#element = element;
    this.#narration = narration;
    this.#file = playableOf(narration);
    this.#audio.controls = true;
    this.#audio.src = linkOf(this.#file.url);
    this.#audio.setAttribute("aria-label", t("narration.player", { name }));
    this.#note.setAttribute("role", "status");
    this.#canvas.className = "waveform";
    this.#canvas.setAttribute("aria-hidden", "true");
    this.#canvas.hidden = true;
    this.#chapters.setAttribute("role", "list");
    this.#chapters.setAttribute("aria-label", t("narration.chapters", { name }));
    this.#chapters.hidden = true;
    this.#text.setAttribute("role", "group");
    this.#text.setAttribute("aria-label", t("narration.text", { name }));
    this.#text.hidden = true;
    this.#share.setAttribute("aria-label", t("narration.share.of", { name }));
    this.#share.addEventListener("click", () => this.#copyLink());
    const foot = make("div", "row player-foot");
    foot.append(this.#share, this.#note);
    element.replaceChildren(this.#canvas, this.#audio, this.#chapters, this.#text, foot);
    element.hidden = false;
    const onTime = (seconds) => this.#showChapter(seconds);
    this.#played = new PlayedText({ audio: this.#audio, canvas: this.#canvas, element: this.#text, onTime });
    this.#audio.addEventListener("error", () => this.#audio.hasAttribute("src") && this.#say(t("sound.unplayable")));
    this.#showText(narration.files.find((file) => file.format === "json"));
    this.#showOutline();
    this.#play();
  }

  /** Stop, and release the files. */
  close() {
    this.#controller.abort();
    this.#played.close();
    this.#element.replaceChildren();
    this.#element.hidden = true;
  }

  redraw() {
    this.#played.redraw();
  }

  #say(message) {
    this.#note.textContent = message;
  }

  async #play() {
    if (!(await this.#played.play())) { // the browser wants another click; the player is there
      this.#say(t("narration.press"));
    }
  }

  async #copyLink() {
    const link = linkOf(this.#file.url).href;
    this.#say((await copied(link)) ? t("narration.shared") : link);
  }

  async #showText(file) {
    if (!file?.url) {
      this.#say(t("narration.wordless"));
      return;
    }
    try {
      const { signal } = this.#controller;
      const { text, words, chapters = [] } = await (await ask(linkOf(file.url), { signal })).json();
      signal.throwIfAborted();
      this.#text.hidden = false;
      this.#played.showText(text, words.map(placer(text)), { isMarkdown: looksLikeMarkdown(text) });
      this.#offerChapters(chapters);
      this.#text.scrollIntoView({ block: "nearest" }); // on a narrow screen it is below the fold
    } catch (error) {
      if (error.name !== "AbortError") {
        this.#say(t("narration.unreadable", { reason: inOneLine(error) }));
      }
    }
  }

  #offerChapters(chapters) {
    if (chapters.length < 2) {
      return;
    }
    this.#marks = chapters.map(({ title, start, end }) => {
      const mark = button("");
      mark.append(make("span", "clock", minutes(start)), make("span", "", title));
      mark.addEventListener("click", () => this.#played.seek(start));
      return { start, end, mark };
    });
    this.#chapters.replaceChildren(...this.#marks.map(({ mark }) => {
      const item = document.createElement("li");
      item.append(mark);
      return item;
    }));
    this.#chapters.hidden = false;
  }

  #showChapter(seconds) {
    for (const { start, end, mark } of this.#marks) {
      const isCurrent = start <= seconds && seconds < end;
      if (isCurrent !== mark.hasAttribute("aria-current")) {
        isCurrent ? mark.setAttribute("aria-current", "step") : mark.removeAttribute("aria-current");
      }
    }
  }

  /** The outline is a decoration: where the file cannot be read, or is long, there is none. */
  async #showOutline() {
    const { audio_seconds: seconds } = this.#narration;
    if (!(seconds < LONGEST_OUTLINE_SECONDS) || (this.#file.format === "wav" && seconds > 300)) {
      return;
    }
    try {
      const response = await ask(linkOf(this.#file.url), { signal: this.#controller.signal });
      if (Number(response.headers.get("content-length") ?? 0) <= seconds * 2 * OUTLINED_BYTES_PER_SECOND + 1e6) {
        await this.#played.showOutline(await response.blob(), seconds);
      }
    } catch {
      // as above
    }
  }
}
