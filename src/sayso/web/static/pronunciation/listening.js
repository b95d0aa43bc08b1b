/** Lets a word be heard with a pronunciation. */

import { postJson } from "../common/api.js";
import { fileOf } from "../common/files.js";
import { sound } from "../sound/one-sound.js";

const PATH = "v1/audio/speech/captions";

let controller = new AbortController();

/** Stop a word that is being made or played. */
export function stopListening() {
  controller.abort();
  sound.stop();
}

/**
 * Play a word, or stop it if the button is playing it.
 *
 * @param button shows whether it plays, by aria-pressed
 * @param written the word
 * @param lexicon the text of a lexicon with its pronunciation
 * @param voice {id, model} that speaks it
 * @param onProblem called with an error, or null
 */
export async function listen(button, written, lexicon, voice, onProblem) {
  const isPlaying = sound.isPlaying(button);
  stopListening();
  onProblem(null);
  if (isPlaying) {
    return;
  }
  controller = new AbortController();
  const { signal } = controller;
  button.setAttribute("aria-busy", "true");
  try {
    const body = {
      model: voice.model, voice: voice.id, input: written, lexicon, directives: false, response_format: "mp3", subtitles: [],
    };
    const { audio } = await (await postJson(PATH, body, signal)).json();
    signal.throwIfAborted();
    const file = fileOf("mp3", Uint8Array.from(atob(audio), (letter) => letter.charCodeAt(0)));
    const address = URL.createObjectURL(file);
    button.setAttribute("aria-pressed", "true");
    sound.play(address, button, (problem) => {
      button.setAttribute("aria-pressed", "false");
      URL.revokeObjectURL(address);
      onProblem(problem === null ? null : new Error(problem));
    });
  } catch (error) {
    onProblem(error);
  } finally {
    button.removeAttribute("aria-busy");
  }
}
