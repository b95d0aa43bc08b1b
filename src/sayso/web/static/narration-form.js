/** The form that submits a narration. */

import { ask, explain } from "./api.js";
import { fillVoices } from "./voices.js";

const PATH = "v1/narrations";

const byId = (id) => document.getElementById(id);

/** A unique idempotency key; crypto.randomUUID exists only on HTTPS. */
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The form, in a page that has its elements.
 *
 * @param onAccepted called with the narration that was accepted
 */
export class NarrationForm {
  #form = byId("narrate-form");
  #text = byId("narrate-text");
  #remove = byId("narrate-remove");
  #submit = byId("narrate");
  #status = byId("narrate-status");
  #problem = byId("narrate-error");
  #speed = byId("narrate-speed");
  #drop = byId("narrate-drop");
  #file = null;
  #key = null; // of the current content of the form, once that was sent
  #isSending = false;
  #wasAccepted = false; // the form has not changed since
  #onAccepted;

  constructor({ onAccepted }) {
    this.#onAccepted = onAccepted;
    this.#form.addEventListener("submit", (event) => { event.preventDefault(); this.#send(); });
    this.#form.addEventListener("input", () => this.#changed());
    this.#text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        this.#send();
      }
    });
    this.#speed.addEventListener("input", () => {
      byId("narrate-speed-shown").textContent = `${Number(this.#speed.value).toFixed(2)}×`;
      this.#speed.setAttribute("aria-valuetext", `${Number(this.#speed.value)} times`);
    });
    byId("narrate-take").addEventListener("click", () => this.#takeSpoken());
    this.#remove.addEventListener("click", () => { this.#choose(null); byId("narrate-file").focus(); });
    byId("narrate-file").addEventListener("change", (event) => {
      const [file] = event.target.files;
      if (file) {
        this.#choose(file);
      }
      event.target.value = ""; // so that the same file can be chosen again
    });
    this.#listenForDrops();
  }

  /** Offer these voices. */
  offer(voices) {
    fillVoices(byId("narrate-voice"), voices);
  }

  #listenForDrops() {
    this.#drop.addEventListener("dragover", () => this.#drop.classList.add("over"));
    this.#drop.addEventListener("dragleave", () => this.#drop.classList.remove("over"));
    this.#drop.addEventListener("drop", (event) => {
      this.#drop.classList.remove("over");
      const { files } = event.dataTransfer;
      if (files.length > 0) {
        event.preventDefault();
        this.#choose(files[0]);
        this.#say(files.length > 1 ? `Of ${files.length} files this is the first; send one at a time` : "");
      }
    });
  }

  #say(message) {
    this.#status.textContent = message;
  }

  #changed() {
    this.#key = null;
    this.#wasAccepted = false;
    this.#problem.textContent = "";
  }

  /** Choose a file, or with null the text in the field. */
  #choose(file) {
    this.#changed();
    this.#file = file;
    this.#say("");
    byId("narrate-file-name").textContent = file?.name ?? "Drop a .txt or .md file here";
    this.#remove.disabled = file === null;
    this.#text.disabled = file !== null;
  }

  #takeSpoken() {
    const { value } = byId("text");
    if (value.trim()) {
      this.#choose(null);
      this.#text.value = value;
    } else {
      this.#say("There is no text in Speak yet");
    }
  }

  #checked(name) {
    return [...this.#form.querySelectorAll(`input[name=${name}]:checked`)].map((box) => box.value);
  }

  /** The body of the request: a form with a file, JSON with a text. */
  #request() {
    const name = byId("narrate-name").value.trim();
    const fields = {
      voice: byId("narrate-voice").value,
      speed: Number(this.#speed.value),
      style: byId("narrate-style").value,
      audio: this.#checked("audio"),
      subtitles: this.#checked("subtitles"),
      ...(name && { name }),
    };
    if (this.#file === null) {
      const body = JSON.stringify({ text: this.#text.value, ...fields });
      return { body, headers: { "content-type": "application/json" } };
    }
    const form = new FormData();
    for (const [field, value] of Object.entries(fields)) {
      form.append(field, Array.isArray(value) ? value.join(",") || "none" : value);
    }
    form.append("file", this.#file, this.#file.name);
    return { body: form, headers: {} };
  }

  /** Send the form. However often that is tried, the key makes the server create one narration. */
  async #send() {
    if (this.#isSending || this.#wasAccepted) {
      return; // a double click
    }
    if (this.#file === null && !this.#text.value.trim()) {
      this.#problem.textContent = "There is nothing to narrate yet: choose a file, or paste a text.";
      this.#text.focus();
      return;
    }
    this.#isSending = true;
    this.#submit.setAttribute("aria-busy", "true");
    this.#problem.textContent = "";
    this.#say("Sending…");
    const { body, headers } = this.#request();
    this.#key ??= newKey();
    const key = this.#key;
    try {
      const response = await ask(PATH, { method: "POST", body, headers: { ...headers, "idempotency-key": key } });
      const narration = await response.json();
      if (this.#key === key) { // otherwise the form has changed by now
        this.#clear();
      }
      this.#say(`Accepted: ${narration.name}`);
      this.#onAccepted(narration);
    } catch (error) {
      this.#say("");
      this.#problem.textContent = explain(error) ?? "";
      if (error.status >= 400 && error.status < 500) {
        this.#key = null; // it was not accepted; after other failures that is unknown
      }
    } finally {
      this.#isSending = false;
      this.#submit.removeAttribute("aria-busy");
    }
  }

  #clear() {
    this.#text.value = byId("narrate-name").value = "";
    this.#choose(null);
    this.#wasAccepted = true;
  }
}
