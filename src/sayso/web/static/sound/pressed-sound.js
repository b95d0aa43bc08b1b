/** Sounds that are made when a button is pressed, and stopped by a second press. */

import { sound } from "./one-sound.js";

export class PressedSound {
  #controller = new AbortController();

  /** Stop the sound that is being made or played. */
  stop() {
    this.#controller.abort();
    sound.stop();
  }

  /**
   * Play a sound, or stop it if the button is playing it.
   *
   * @param button shows whether it plays, by aria-pressed
   * @param make called with a signal to stop; makes the sound and gives its address
   * @param onProblem called with an error, or null
   * @param onEnd called with the address when it has been played
   */
  async press(button, make, onProblem, onEnd = () => {}) {
    const isPlaying = sound.isPlaying(button);
    this.stop();
    onProblem(null);
    if (isPlaying) {
      return;
    }
    this.#controller = new AbortController();
    const { signal } = this.#controller;
    button.setAttribute("aria-busy", "true");
    try {
      const address = await make(signal);
      signal.throwIfAborted();
      button.setAttribute("aria-pressed", "true");
      sound.play(address, button, (problem) => {
        button.setAttribute("aria-pressed", "false");
        onEnd(address);
        onProblem(problem === null ? null : new Error(problem));
      });
    } catch (error) {
      onProblem(error);
    } finally {
      button.removeAttribute("aria-busy");
    }
  }
}
