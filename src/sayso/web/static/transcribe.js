/** The transcription part of the page. */

import { cutOff, explain, failureOfEvent, postForm } from "./api.js";
import { DownloadButtons, fileOf, stem } from "./files.js";
import { EventParser } from "./sse.js";

const PATH = "v1/audio/transcriptions";
// Whisper's.
const LANGUAGES = (
  "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id is "
  + "it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk "
  + "sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo zh"
).split(" ");
const UNNAMED = { ba: "Bashkir", bo: "Tibetan", jw: "Javanese" }; // not in Chromium's list, or with another code

const byId = (id) => document.getElementById(id);
const drop = byId("drop");
const dropName = byId("drop-name");
const language = byId("language");
const begin = byId("transcribe");
const cancel = byId("cancel");
const copy = byId("copy");
const upload = byId("upload");
const status = byId("transcribe-status");
const problem = byId("transcribe-error");
const engine = byId("transcribe-engine");
const heard = byId("heard");
const transcript = byId("transcript");

let model = null;
let recording = null;
let controller = null; // of the running transcription
let finished = null; // {file, language, text} of the last one

const say = (message) => { status.textContent = message; };
const complain = (error) => { problem.textContent = explain(error) ?? ""; };

function size(bytes) {
  const units = ["bytes", "kB", "MB", "GB"];
  const step = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  return `${(bytes / 1000 ** step).toFixed(step ? 1 : 0)} ${units[step]}`;
}

function showState() {
  const isBusy = controller !== null;
  const hadFocus = [begin, cancel].includes(document.activeElement);
  begin.disabled = isBusy || recording === null || model === null;
  cancel.disabled = !isBusy;
  if (hadFocus) {
    (isBusy ? cancel : begin).focus();
  }
  transcript.setAttribute("aria-busy", String(isBusy));
  copy.disabled = isBusy || !finished?.text;
  upload.hidden = !isBusy;
}

function choose(file) {
  recording = file;
  dropName.textContent = `${file.name}, ${size(file.size)}`;
  problem.textContent = "";
  showState();
}

function formOf(file, spoken, fields) {
  const form = new FormData();
  form.append("model", model);
  if (spoken) {
    form.append("language", spoken);
  }
  fields.forEach(([name, value]) => form.append(name, value));
  form.append("file", file, file.name);
  return form;
}

function showUpload(part) {
  if (part < 1) {
    upload.value = part;
    say(`Uploading, ${Math.round(part * 10) * 10} %`); // in steps of ten: a live region is read out whenever it changes
  } else {
    upload.removeAttribute("value"); // the duration of a transcription is unknown
    say("Listening…");
  }
}

/** The complete text of a recording, shown while it is transcribed. */
async function transcribeStream(file, spoken, signal) {
  const parser = new EventParser();
  let done = null;
  let failure = null;
  const take = (piece) => {
    for (const event of parser.feed(piece)) {
      if (event.type === "transcript.text.delta") {
        const isAtEnd = transcript.scrollTop + transcript.clientHeight > transcript.scrollHeight - 8;
        transcript.append(event.delta);
        if (isAtEnd) {
          transcript.scrollTop = transcript.scrollHeight;
        }
      } else if (event.type === "transcript.text.done") {
        done = event.text;
        engine.textContent = event.engine ?? "";
      } else if (event.type === "error") {
        failure = failureOfEvent(event);
      }
    }
  };
  const form = formOf(file, spoken, [["stream", "true"]]);
  await postForm(PATH, form, { signal, onUpload: showUpload, onText: take });
  if (failure !== null || done === null) {
    throw failure ?? cutOff();
  }
  transcript.textContent = done;
  return done;
}

async function transcribe() {
  const file = recording;
  const spoken = language.value;
  finished = null;
  controller = new AbortController();
  problem.textContent = "";
  downloads.hide();
  heard.hidden = false;
  transcript.textContent = "";
  upload.value = 0;
  engine.textContent = "";
  showState();
  try {
    const text = await transcribeStream(file, spoken, controller.signal);
    finished = { file, spoken, text };
    downloads.show(stem(file.name));
    say(text ? "Done" : "Done: nothing is said in it");
  } catch (error) {
    say(error.name === "AbortError" ? "Cancelled" : "");
    complain(error);
  } finally {
    controller = null;
    showState();
  }
}

/** A file of the transcript; the recording is sent again for formats with times. */
async function make(form, signal) {
  if (form === "txt") {
    return fileOf(form, `${finished.text}\n`);
  }
  const shape = form === "json"
    ? [["response_format", "verbose_json"], ["timestamp_granularities[]", "segment"], ["timestamp_granularities[]", "word"]]
    : [["response_format", form]];
  const answer = await postForm(PATH, formOf(finished.file, finished.spoken, shape), { signal });
  return fileOf(form, form === "json" ? `${JSON.stringify(JSON.parse(answer), null, 2)}\n` : answer);
}

const downloads = new DownloadButtons(byId("transcribe-files"), {
  make,
  onBegin: (form) => { problem.textContent = ""; say(`Preparing ${form.toUpperCase()}…`); },
  onSaved: (name) => say(`Saved ${name}`),
  onError: (error) => { say(""); complain(error); },
});

async function copyText() {
  try {
    await navigator.clipboard.writeText(finished.text);
  } catch {
    const range = document.createRange(); // a page without HTTPS has no clipboard: select the text for Ctrl+C
    range.selectNodeContents(transcript);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    say("Selected: copy it with Ctrl C");
    return;
  }
  say("Copied");
}

/** Use the server's model `hybrid`, or else its first Whisper model. */
export function offerModels(names) {
  model = names.includes("hybrid") ? "hybrid" : names.find((name) => name.startsWith("whisper")) ?? null;
  showState();
}

function offerLanguages() {
  const display = new Intl.DisplayNames(["en"], { type: "language" });
  const named = LANGUAGES.map((code) => [UNNAMED[code] ?? display.of(code), code]);
  named.sort(([one], [other]) => one.localeCompare(other, "en"));
  language.append(...named.map(([name, code]) => new Option(name, code)));
}

export function start() {
  offerLanguages();
  byId("recording").addEventListener("change", (event) => {
    const [file] = event.target.files;
    if (file) {
      choose(file);
    }
  });
  drop.addEventListener("dragover", () => drop.classList.add("over"));
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    drop.classList.remove("over");
    const [file] = event.dataTransfer.files;
    if (file) {
      choose(file);
    }
  });
  begin.addEventListener("click", transcribe);
  cancel.addEventListener("click", () => controller?.abort());
  copy.addEventListener("click", copyText);
}
