/** Short sounds such as cards and previews: one at a time, for the whole page. */

import { t } from "../common/language.js";

class OneSound {
  #audio = new Audio();
  #playing = null; // the button of the sound
  #onEnd = () => {};

  constructor() {
    this.#audio.addEventListener("ended", () => this.stop());
    this.#audio.addEventListener("error", () => this.#playing !== null && this.stop(t("sound.unplayable")));
  }

  isPlaying(element) {
    return this.#playing === element;
  }

  /** Play a file; `onEnd` is called with a problem, or null, when it has ended or another one begins. */
  async play(url, element, onEnd) {
    this.stop();
    this.#playing = element;
    this.#onEnd = onEnd;
    this.#audio.src = url;
    try {
      await this.#audio.play();
    } catch (error) {
      if (this.#playing === element && error.name !== "AbortError") {
        this.stop(t(error.name === "NotAllowedError" ? "sound.click" : "sound.unplayable"));
      }
    }
  }

  stop(problem = null) {
    const onEnd = this.#onEnd;
    this.#onEnd = () => {};
    this.#playing = null;
    this.#audio.pause();
    onEnd(problem);
  }
}

export const sound = new OneSound();
