/** The page: its parts, the key, and the models of the server. */

import * as cards from "./cards/cards.js";
import { getJson, onKeyRequired, storeKey } from "./common/api.js";
import { showError } from "./common/errors.js";
import * as preferences from "./common/preferences.js";
import * as narrations from "./narrations/narrations.js";
import * as speak from "./speech/speak.js";
import * as transcribe from "./transcription/transcribe.js";
import { redraw as redrawTranscript } from "./transcription/transcript-view.js";
import * as voiceDialog from "./voices/voice-dialog.js";

const byId = (id) => document.getElementById(id);
const keyCard = byId("key-card");
const keyField = byId("key");

/** Load the server's models and voices; show an error. */
async function load() {
  byId("page-error").textContent = "";
  try {
    const { data } = await getJson("v1/models");
    const { voices } = await getJson("v1/audio/voices");
    const forTask = (task) => data.filter(({ tasks }) => tasks.includes(task));
    speak.offer(voices, forTask("speech"));
    transcribe.offer(forTask("transcription"));
    const server = await getJson("page/server.json");
    await narrations.open(server.narrations, voices);
    await cards.open(server.cards);
  } catch (error) {
    if (error.status !== 401) { // shown beside the key
      showError(byId("page-error"), error);
    }
    return false;
  }
  return true;
}

onKeyRequired((message) => {
  byId("key-error").textContent = message;
  keyCard.hidden = false;
  keyField.focus();
});

byId("key-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("key-error").textContent = "";
  storeKey(keyField.value.trim());
  if (await load()) {
    keyField.value = "";
    keyCard.hidden = true;
    byId("text").focus();
  }
});

// A file that is dropped outside of its field must not replace the page.
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => event.preventDefault());

preferences.start(() => {
  speak.redraw();
  redrawTranscript();
  narrations.redraw();
});
voiceDialog.start();
speak.start();
transcribe.start();
load();
