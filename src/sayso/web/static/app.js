/** The page: its parts, the key, and what the server has. */

import { explain, getJson, keepKey, whenKeyWanted } from "./api.js";
import * as narrations from "./narrations.js";
import * as speak from "./speak.js";
import * as transcribe from "./transcribe.js";

const byId = (id) => document.getElementById(id);
const keyCard = byId("key-card");
const keyField = byId("key");

/** Ask what the server has; what goes wrong is shown. */
async function load() {
  byId("page-error").textContent = "";
  try {
    const { data } = await getJson("v1/models");
    const { voices } = await getJson("v1/audio/voices");
    const names = data.map((model) => model.id);
    speak.offerVoices(voices, names);
    transcribe.offerModels(names);
    await narrations.open(voices);
  } catch (error) {
    if (error.status !== 401) { // that is shown beside the key
      byId("page-error").textContent = explain(error);
    }
    return false;
  }
  return true;
}

whenKeyWanted((message) => {
  byId("key-error").textContent = message;
  keyCard.hidden = false;
  keyField.focus();
});

byId("key-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("key-error").textContent = "";
  keepKey(keyField.value.trim());
  if (await load()) {
    keyField.value = "";
    keyCard.hidden = true;
    byId("text").focus();
  }
});

// A file that misses its place must not take the page's.
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => event.preventDefault());

speak.start();
transcribe.start();
load();
