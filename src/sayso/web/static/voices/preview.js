/** Lets a voice be heard with a sentence of its language. */

import { postJson } from "../common/api.js";
import { sound } from "../sound/one-sound.js";
import { sampleOf } from "./samples.js";

const made = new Map(); // the addresses of sounds, by voice and model
let controller = new AbortController();

/** Stop a preview that is being made or played. */
export function stopPreview() {
  controller.abort();
  sound.stop();
}

/**
 * Play a voice, or stop it if the button is playing it.
 *
 * @param button shows whether it plays, by aria-pressed
 * @param voice {id, language}
 * @param model that speaks it
 * @param onProblem called with an error, or null
 */
export async function preview(button, voice, model, onProblem) {
  const isPlaying = sound.isPlaying(button);
  stopPreview();
  onProblem(null);
  if (isPlaying) {
    return;
  }
  controller = new AbortController();
  const { signal } = controller;
  button.setAttribute("aria-busy", "true");
  try {
    const key = `${model} ${voice.id}`;
    if (!made.has(key)) {
      const body = { model, voice: voice.id, input: sampleOf(voice.language), response_format: "mp3" };
      const response = await postJson("v1/audio/speech", body, signal);
      made.set(key, URL.createObjectURL(await response.blob()));
    }
    signal.throwIfAborted();
    button.setAttribute("aria-pressed", "true");
    sound.play(made.get(key), button, (problem) => {
      button.setAttribute("aria-pressed", "false");
      onProblem(problem === null ? null : new Error(problem));
    });
  } catch (error) {
    onProblem(error);
  } finally {
    button.removeAttribute("aria-busy");
  }
}
