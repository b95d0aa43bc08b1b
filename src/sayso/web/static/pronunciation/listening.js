/** Lets a word be heard with a pronunciation. */

import { postJson } from "../common/api.js";
import { fileOf } from "../common/files.js";
import { PressedSound } from "../sound/pressed-sound.js";

const PATH = "v1/audio/speech/captions";

const pressed = new PressedSound();

/** Stop a word that is being made or played. */
export function stopListening() {
  pressed.stop();
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
export function listen(button, written, lexicon, voice, onProblem) {
  const make = (signal) => spoken(written, lexicon, voice, signal);
  return pressed.press(button, make, onProblem, (address) => URL.revokeObjectURL(address));
}

async function spoken(written, lexicon, voice, signal) {
  const body = {
    model: voice.model, voice: voice.id, input: written, lexicon, directives: false, response_format: "mp3", subtitles: [],
  };
  const { audio } = await (await postJson(PATH, body, signal)).json();
  signal.throwIfAborted();
  const file = fileOf("mp3", Uint8Array.from(atob(audio), (letter) => letter.charCodeAt(0)));
  return URL.createObjectURL(file);
}
