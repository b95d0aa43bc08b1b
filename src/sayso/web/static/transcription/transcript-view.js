/** The transcript: its text while it arrives, then with its recording, whose words light up. */

import { t } from "../common/language.js";
import { PlayedText } from "../text/played-text.js";

const NEAR = 200; // characters after the last word in which the next one is looked for

const byId = (id) => document.getElementById(id);
const element = byId("transcript");
const audio = byId("recording-player");
const note = byId("recording-note");

let played = null;
let address = null;

/** Words with their places in the text, as `ReadingText` takes them; a word that is not in the text is left out. */
export function placed(text, words) {
  let end = 0;
  const found = [];
  for (const { word, start, end: stop } of words) {
    const wanted = word.trim();
    const from = text.indexOf(wanted, end);
    if (wanted !== "" && from !== -1 && from - end <= NEAR) {
      end = from + wanted.length;
      found.push({ start, end: stop, from, to: end });
    }
  }
  return found;
}

/** Show nothing. */
export function clear() {
  played?.close();
  played = null;
  if (address !== null) {
    URL.revokeObjectURL(address);
    address = null;
  }
  audio.hidden = true;
  note.textContent = "";
  element.replaceChildren();
}

/** Show a further piece of the text. */
export function append(piece) {
  const isAtEnd = element.scrollTop + element.clientHeight > element.scrollHeight - 8;
  element.append(piece);
  if (isAtEnd) {
    element.scrollTop = element.scrollHeight;
  }
}

/** Show the whole transcript with its recording. */
export function finish({ text, words, duration }, file) {
  element.textContent = text;
  if (text === "") {
    return;
  }
  address = URL.createObjectURL(file);
  audio.src = address;
  audio.hidden = false;
  played = new PlayedText({ audio, canvas: byId("recording-waveform"), element });
  played.showText(text, placed(text, words));
  played.showOutline(file, duration);
}

export function redraw() {
  played?.redraw();
}

export function start() {
  audio.addEventListener("error", () => {
    if (address !== null) {
      audio.hidden = true;
      note.textContent = t("transcribe.unplayable");
    }
  });
}
