/** The transcription part of the page. */

import { cutOff, failureOfEvent, postForm } from "../common/api.js";
import { showError } from "../common/errors.js";
import { copied } from "../common/clipboard.js";
import { DownloadButtons, fileOf, stem } from "../common/files.js";
import { percent, t } from "../common/language.js";
import { EventParser } from "../common/sse.js";
import { secondsLeft, timeLeft } from "../common/times.js";
import { offerLanguages } from "./languages.js";
import * as recordingInput from "./recording-input.js";
import * as view from "./transcript-view.js";

const PATH = "v1/audio/transcriptions";
const SHAPE = [ // one transcription has everything that is saved
  ["stream", "true"],
  ["progress", "true"],
  ["response_format", "verbose_json"],
  ["timestamp_granularities[]", "segment"],
  ["timestamp_granularities[]", "word"],
  ["subtitles[]", "srt"],
  ["subtitles[]", "vtt"],
  ["subtitles[]", "ttml"],
];

const byId = (id) => document.getElementById(id);
const language = byId("language");
const model = byId("transcription-model");
const begin = byId("transcribe");
const cancel = byId("cancel");
const copy = byId("copy");
const bar = byId("upload");
const left = byId("transcribe-left");
const status = byId("transcribe-status");
const problem = byId("transcribe-error");
const engine = byId("transcribe-engine");
const transcript = byId("transcript");

let automatic = null; // the model that is used unless another one is chosen
let recording = null;
let controller = null; // of the running transcription
let finished = null; // the last event of the last one
let listeningSince = 0; // by performance.now()

const say = (message) => { status.textContent = message; };
const complain = (error) => showError(problem, error);

function showState() {
  const isBusy = controller !== null;
  const hadFocus = [begin, cancel].includes(document.activeElement);
  begin.disabled = isBusy || recording === null || automatic === null;
  cancel.disabled = !isBusy;
  if (hadFocus) {
    (isBusy ? cancel : begin).focus();
  }
  transcript.setAttribute("aria-busy", String(isBusy));
  copy.disabled = isBusy || !finished?.text;
  bar.hidden = !isBusy;
  left.textContent = isBusy ? left.textContent : "";
}

function formOf(file) {
  const form = new FormData();
  form.append("model", model.value || automatic);
  if (language.value) {
    form.append("language", language.value);
  }
  SHAPE.forEach(([name, value]) => form.append(name, value));
  form.append("file", file, file.name);
  return form;
}

function showUpload(part) {
  bar.setAttribute("aria-label", t("transcribe.upload"));
  if (part < 1) {
    bar.value = part;
    say(t("transcribe.uploading", { share: percent(Math.round(part * 10) / 10) })); // a live region: in few steps
  } else {
    bar.removeAttribute("value"); // nothing is known yet of the transcription
    listeningSince = performance.now();
    say(t("transcribe.listening"));
  }
}

function showProgress({ seconds, duration }) {
  const share = seconds / duration;
  bar.setAttribute("aria-label", t("transcribe.progress"));
  bar.value = share;
  left.textContent = timeLeft(secondsLeft(share, (performance.now() - listeningSince) / 1000)) ?? "";
}

/** Transcribe a recording, and show its text as it arrives; returns the last event. */
async function transcribeStream(file, signal) {
  const parser = new EventParser();
  let done = null;
  let failure = null;
  const take = (piece) => {
    for (const event of parser.feed(piece)) {
      if (event.type === "transcript.text.delta") {
        view.append(event.delta);
      } else if (event.type === "transcript.progress") {
        showProgress(event);
      } else if (event.type === "transcript.text.done") {
        done = event;
      } else if (event.type === "error") {
        failure = failureOfEvent(event);
      }
    }
  };
  await postForm(PATH, formOf(file), { signal, onUpload: showUpload, onText: take });
  if (failure !== null || done === null) {
    throw failure ?? cutOff();
  }
  return done;
}

async function transcribe() {
  const file = recording;
  finished = null;
  controller = new AbortController();
  problem.textContent = "";
  downloads.hide();
  byId("heard").hidden = false;
  view.clear();
  bar.value = 0;
  engine.textContent = "";
  showState();
  byId("heard").scrollIntoView({ block: "nearest" });
  try {
    finished = await transcribeStream(file, controller.signal);
    engine.textContent = finished.engine ?? "";
    view.finish(finished, file);
    downloads.show(stem(file.name));
    say(t(finished.text ? "transcribe.done" : "transcribe.silent"));
  } catch (error) {
    say(error.name === "AbortError" ? t("transcribe.cancelled") : "");
    complain(error);
  } finally {
    controller = null;
    showState();
  }
}

/** A file of the transcript, from the one transcription. */
function make(form) {
  const { text, subtitles, type: _, engine: __, ...rest } = finished;
  const contents = {
    txt: () => `${text}\n`,
    srt: () => subtitles.srt,
    vtt: () => subtitles.vtt,
    ttml: () => subtitles.ttml,
    json: () => `${JSON.stringify({ text, ...rest }, null, 2)}\n`,
  };
  return fileOf(form, contents[form]());
}

const downloads = new DownloadButtons(byId("transcribe-files"), {
  make,
  onBegin: (form) => { problem.textContent = ""; say(t("files.preparing", { form: form.toUpperCase() })); },
  onSaved: (name) => say(t("files.saved", { name })),
  onError: (error) => { say(""); complain(error); },
});

async function copyText() {
  if (await copied(finished.text)) {
    say(t("transcribe.copied"));
    return;
  }
  const range = document.createRange(); // select the text for Ctrl+C
  range.selectNodeContents(transcript);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
  say(t("transcribe.selected"));
}

/** Offer these models; unless one is chosen it is `hybrid`, or else the first. */
export function offer(offered) {
  const names = offered.map(({ id }) => id);
  const chosen = model.value;
  automatic = names.includes("hybrid") ? "hybrid" : names[0] ?? null;
  model.replaceChildren(new Option(t("model.automatic"), ""), ...names.map((name) => new Option(name, name)));
  model.value = names.includes(chosen) ? chosen : "";
  showState();
}

export function start() {
  offerLanguages(language);
  view.start();
  recordingInput.start({
    choose: (file) => { recording = file; showState(); },
    problem: (message) => { problem.textContent = message; },
  });
  begin.addEventListener("click", transcribe);
  cancel.addEventListener("click", () => controller?.abort());
  copy.addEventListener("click", copyText);
}
