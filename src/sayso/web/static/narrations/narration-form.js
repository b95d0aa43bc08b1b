/** The form that submits a narration. */

import { ask } from "../common/api.js";
import { showError } from "../common/errors.js";
import { factor, plural, t } from "../common/language.js";
import { SpokenView } from "../pronunciation/spoken-view.js";
import { lexicon as lexiconOfSpeak, modelOf } from "../speech/speak.js";
import * as spoken from "../speech/text-input.js";
import { MarkdownTick } from "../text/markdown-tick.js";
import { beginningOfFile, isMarkdownFile, requireText } from "../text/text-file.js";
import * as voiceDialog from "../voices/voice-dialog.js";
import { fillVoices } from "../voices/voices.js";

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
  #tick = new MarkdownTick(byId("narrate-markdown"));
  #voice = byId("narrate-voice");
  #citations = byId("narrate-citations");
  #view;
  #isSending = false;
  #wasAccepted = false; // the form has not changed since
  #onAccepted;

  constructor({ onAccepted }) {
    this.#onAccepted = onAccepted;
    this.#view = new SpokenView(byId("narrate-spoken"), {
      read: () => this.#read(),
      voice: () => ({ id: this.#voice.value, model: modelOf(this.#voice.selectedOptions[0].dataset.engine) }),
      onChange: () => this.#changed(),
    });
    this.#form.addEventListener("submit", (event) => { event.preventDefault(); this.#send(); });
    this.#form.addEventListener("input", () => this.#changed());
    for (const each of [this.#text, this.#voice, this.#citations, byId("narrate-markdown")]) {
      each.addEventListener("input", () => this.#view.refresh());
    }
    this.#text.addEventListener("input", () => this.#tick.follow(this.#text.value));
    this.#text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        this.#send();
      }
    });
    this.#speed.addEventListener("input", () => {
      byId("narrate-speed-shown").textContent = factor(Number(this.#speed.value));
      this.#speed.setAttribute("aria-valuetext", t("speed.times", { speed: Number(this.#speed.value) }));
    });
    byId("narrate-browse").addEventListener("click", () => voiceDialog.open(byId("narrate-voice")));
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

  /** What the view of what will be said shows. */
  async #read() {
    const file = this.#file;
    return {
      text: file === null ? this.#text.value : await beginningOfFile(file),
      language: this.#voice.selectedOptions[0]?.dataset.language ?? document.documentElement.lang,
      isMarkdown: file === null ? this.#tick.isMarkdown : isMarkdownFile(file.name),
      citations: this.#citations.checked ? "drop" : "read",
    };
  }

  /** Take the pronunciations of another narration. */
  takeLexicon(text) {
    this.#view.lexicon = text;
    this.#say(t("spoken.taken"));
    byId("narrate-spoken").scrollIntoView({ block: "nearest" });
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
        this.#say(files.length > 1 ? plural("narrate.first", files.length) : "");
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
    byId("narrate-file-name").textContent = file?.name ?? t("narrate.drop");
    this.#remove.disabled = file === null;
    this.#text.disabled = file !== null;
    this.#view.refresh();
    if (file !== null) {
      this.#requireText(file);
    }
  }

  /** Refuse a file that is no text at once, and not after its upload. */
  async #requireText(file) {
    try {
      await requireText(file);
    } catch (error) {
      if (this.#file === file) {
        this.#choose(null);
        showError(this.#problem, error);
      }
    }
  }

  #takeSpoken() {
    const text = spoken.value();
    if (text.trim() && lexiconOfSpeak()) {
      this.#view.lexicon = lexiconOfSpeak();
    }
    if (spoken.isKept()) {
      this.#choose(new File([text], `${spoken.name()}.${spoken.isMarkdown() ? "md" : "txt"}`));
    } else if (text.trim()) {
      this.#choose(null);
      this.#text.value = text;
      this.#tick.set(spoken.isMarkdown());
      this.#view.refresh();
    } else {
      this.#say(t("narrate.none"));
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
      ...(this.#citations.checked && { citations: "drop" }),
      ...(this.#view.lexicon && { lexicon: this.#view.lexicon }),
    };
    if (this.#file === null) {
      const body = JSON.stringify({ text: this.#text.value, markdown: this.#tick.isMarkdown, ...fields });
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
      this.#problem.textContent = t("narrate.nothing");
      this.#text.focus();
      return;
    }
    this.#isSending = true;
    this.#submit.setAttribute("aria-busy", "true");
    this.#problem.textContent = "";
    this.#say(t("narrate.sending"));
    const { body, headers } = this.#request();
    this.#key ??= newKey();
    const key = this.#key;
    try {
      const response = await ask(PATH, { method: "POST", body, headers: { ...headers, "idempotency-key": key } });
      const narration = await response.json();
      if (this.#key === key) { // otherwise the form has changed by now
        this.#clear();
      }
      this.#say(t("narrate.accepted", { name: narration.name }));
      this.#onAccepted(narration);
    } catch (error) {
      this.#say("");
      showError(this.#problem, error);
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
    this.#tick.follow("");
    this.#choose(null);
    this.#view.clear();
    this.#wasAccepted = true;
  }
}
