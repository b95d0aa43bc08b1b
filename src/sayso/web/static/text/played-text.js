/** A sound in the browser's own player, with its outline and its words, which light up. */

import { Waveform } from "../sound/waveform.js";
import { ReadingText } from "./reading-text.js";

/**
 * @param audio the player
 * @param canvas of the outline
 * @param element shows the text
 */
export class PlayedText {
  #audio;
  #waveform;
  #element;
  #words = null;
  #frame = 0;
  #onTime;
  #listening = new AbortController();

  /** @param onTime called with the position in seconds whenever it has moved */
  constructor({ audio, canvas, element, onTime = () => {} }) {
    this.#audio = audio;
    this.#element = element;
    this.#onTime = onTime;
    this.#waveform = new Waveform(canvas, (share) => this.#seekShare(share));
    const { signal } = this.#listening;
    for (const kind of ["play", "pause", "seeked", "ended", "loadedmetadata"]) {
      audio.addEventListener(kind, () => this.#follow(), { signal });
    }
  }

  /** Show the text, with words as `ReadingText` takes them. */
  showText(text, words, { isMarkdown = false } = {}) {
    this.#words = new ReadingText(this.#element, text, (seconds) => this.seek(seconds), { isMarkdown });
    this.#words.add(words);
    this.#words.makeAvailable(Infinity);
    this.#follow();
  }

  showOutline(blob, seconds) {
    return this.#waveform.load(blob, seconds);
  }

  redraw() {
    this.#waveform.draw(true);
  }

  seek(seconds) {
    this.#audio.currentTime = seconds;
    return this.play();
  }

  /** Play; returns whether the browser allows it without another click. */
  async play() {
    try {
      await this.#audio.play();
    } catch (error) {
      return error.name !== "NotAllowedError";
    }
    return true;
  }

  /** Stop, release the file, and keep the text. */
  close() {
    this.#listening.abort();
    cancelAnimationFrame(this.#frame);
    this.#words?.light(-1);
    this.#words?.close();
    this.#waveform.close();
    this.#audio.pause();
    this.#audio.removeAttribute("src");
    this.#audio.load(); // ends the download
  }

  #seekShare(share) {
    if (Number.isFinite(this.#audio.duration)) {
      this.#audio.currentTime = share * this.#audio.duration;
    }
  }

  /** Highlight the current word, at every frame while it plays. */
  #follow() {
    cancelAnimationFrame(this.#frame);
    const { currentTime: seconds, duration, paused } = this.#audio;
    this.#words?.light(seconds > 0 || !paused ? seconds : -1); // nothing is lit before it is played
    this.#waveform.show(seconds / duration);
    this.#onTime(seconds);
    if (!paused) {
      this.#frame = requestAnimationFrame(() => this.#follow());
    }
  }
}
