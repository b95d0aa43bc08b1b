/** Lets a voice be heard with a sentence of its language. */

import { postJson } from "../common/api.js";
import { PressedSound } from "../sound/pressed-sound.js";
import { sampleOf } from "./samples.js";

const made = new Map(); // the addresses of sounds, by voice and model
const pressed = new PressedSound();

/** Stop a preview that is being made or played. */
export function stopPreview() {
  pressed.stop();
}

/**
 * Play a voice, or stop it if the button is playing it.
 *
 * @param button shows whether it plays, by aria-pressed
 * @param voice {id, language}
 * @param model that speaks it
 * @param onProblem called with an error, or null
 */
export function preview(button, voice, model, onProblem) {
  return pressed.press(button, (signal) => sampled(voice, model, signal), onProblem);
}

async function sampled(voice, model, signal) {
  const key = `${model} ${voice.id}`;
  if (!made.has(key)) {
    const body = { model, voice: voice.id, input: sampleOf(voice.language), response_format: "mp3" };
    const response = await postJson("v1/audio/speech", body, signal);
    made.set(key, URL.createObjectURL(await response.blob()));
  }
  return made.get(key);
}
