/** The part of the page that speaks a text. */

import { postJson } from "../common/api.js";
import { copied } from "../common/clipboard.js";
import { showError } from "../common/errors.js";
import { DownloadButtons, fileOf } from "../common/files.js";
import { factor, t } from "../common/language.js";
import { minutes, timeLeft } from "../common/times.js";
import { SpokenView } from "../pronunciation/spoken-view.js";
import { Waveform } from "../sound/waveform.js";
import { preview } from "../voices/preview.js";
import * as voiceDialog from "../voices/voice-dialog.js";
import { chooseVoice, fillVoices } from "../voices/voices.js";
import { linkTo, takeLink } from "./share.js";
import { PATH, Speech } from "./speech.js";
import * as input from "./text-input.js";

const SUBTITLES = ["srt", "vtt", "ass", "ttml"];

const byId = (id) => document.getElementById(id);
const voice = byId("voice");
const speed = byId("speed");
const model = byId("speech-model");
const speakButton = byId("speak");
const pauseButton = byId("pause");
const stopButton = byId("stop");
const status = byId("speak-status");
const problem = byId("speak-error");
const engine = byId("speak-engine");
const reading = byId("reading");
const position = byId("position");
const clock = byId("clock");
const left = byId("speak-left");
const citations = byId("citations");

let models = new Set();
let current = null; // the current or the last speech
let waveform = null;
let shownProgress = null;
let view = null; // of what will be said

const say = (message) => { status.textContent = message; };
const complain = (error) => showError(problem, error);

/** The model that speaks with a voice: the chosen one, or that of the voice's engine. */
export function modelOf(name) {
  return model.value || (models.has(name) ? name : "hybrid");
}

/** Set the controls to idle, playing, paused or ended. */
function showState(state) {
  const hadFocus = [pauseButton, stopButton].includes(document.activeElement);
  const hasSound = current?.hasSound ?? false;
  pauseButton.disabled = state === "idle" || (state === "ended" && !hasSound);
  stopButton.disabled = state === "idle" || state === "ended";
  pauseButton.textContent = t({ paused: "speak.resume", ended: "speak.replay" }[state] ?? "speak.pause");
  if (hadFocus && document.activeElement?.disabled !== false) {
    speakButton.focus();
  }
  if (state !== "playing") {
    const end = current?.hasFailed ? "speak.incomplete" : "speak.done";
    say(state === "idle" ? "" : t(state === "paused" ? "speak.paused" : end));
  }
}

function showClock(heard, received, expected, isKnown = false) {
  position.max = received.toFixed(2);
  position.value = heard.toFixed(2);
  position.setAttribute("aria-valuetext", t("time.of", { heard: minutes(heard), whole: minutes(received) }));
  clock.textContent = `${minutes(heard)} / ${minutes(received)}`;
  left.textContent = received > 0 && heard < expected ? timeLeft(expected - heard, { isKnown }) ?? "" : "";
}

/** At every frame: the clock, and the progress in words. */
function showProgress() {
  const speech = current;
  if (speech === null) {
    return;
  }
  showClock(speech.position, speech.receivedSeconds, speech.expectedSeconds, speech.isWhole);
  const progress = speech.isPaused ? null : t(speech.isWaiting ? "speak.synthesising" : "speak.speaking");
  if (progress !== shownProgress) { // a live region is read out whenever it is set
    shownProgress = progress;
    say(progress ?? status.textContent);
  }
}

function stop() {
  current?.close();
  current = null;
  shownProgress = null;
  downloads.hide();
  reading.hidden = true;
  showClock(0, 0, 0);
  showState("idle");
}

async function speak() {
  stop();
  problem.textContent = "";
  if (!input.value().trim()) {
    problem.textContent = t("speak.nothing");
    input.focus();
    return;
  }
  reading.hidden = false;
  const { dataset } = voice.selectedOptions[0];
  const body = {
    model: modelOf(dataset.engine),
    input: input.value(),
    voice: voice.value,
    speed: Number(speed.value),
    markdown: input.isMarkdown(),
    ...(citations.checked && { citations: "drop" }),
    ...(view.lexicon && { lexicon: view.lexicon }),
  };
  waveform = new Waveform(byId("waveform"));
  const parts = { words: byId("words"), waveform };
  const on = { engine: (name) => { engine.textContent = name; }, frame: showProgress, state: showState };
  const speech = new Speech(body, input.name(), parts, on);
  current = speech;
  showState("playing");
  reading.scrollIntoView({ block: "nearest" }); // on a narrow screen it begins below the fold
  try {
    await speech.run();
    if (current === speech) {
      downloads.show(speech.name);
    }
  } catch (error) {
    if (current === speech) {
      complain(error);
      if (!speech.hasSound) {
        stop();
      } else if (speech.hasEnded) {
        showState("ended");
      }
    }
  }
}

/** A file of the speech, which the server has in its cache. */
async function make(form, signal) {
  const isAudio = !SUBTITLES.includes(form) && form !== "json";
  const asked = { ...current.body, response_format: isAudio ? form : "mp3", subtitles: isAudio ? [] : SUBTITLES };
  const { audio, response_format: _, subtitles, ...timeline } = await (await postJson(PATH, asked, signal)).json();
  if (form === "json") {
    return fileOf(form, `${JSON.stringify(timeline, null, 2)}\n`);
  }
  return fileOf(form, isAudio ? Uint8Array.from(atob(audio), (letter) => letter.charCodeAt(0)) : subtitles[form]);
}

const downloads = new DownloadButtons(byId("speak-files"), {
  make,
  onBegin: (form) => { problem.textContent = ""; say(t("files.preparing", { form: form.toUpperCase() })); },
  onSaved: (name) => say(t("files.saved", { name })),
  onError: (error) => { say(""); complain(error); },
});

function showSpeed() {
  byId("speed-shown").textContent = factor(Number(speed.value));
  speed.setAttribute("aria-valuetext", t("speed.times", { speed: Number(speed.value) }));
  input.estimateFor(voice.selectedOptions[0]?.dataset.language ?? "en", Number(speed.value));
}

async function share() {
  problem.textContent = "";
  const content = { text: input.value(), voice: voice.value, speed: speed.value, markdown: input.isMarkdown() };
  const link = linkTo(content);
  if (!content.text.trim() || link === null) {
    problem.textContent = t(link === null ? "share.long" : "speak.nothing");
  } else if (await copied(link)) {
    say(t("share.copied"));
  } else {
    location.hash = link.split("#")[1]; // a page without HTTPS has no clipboard
    say(t("share.address"));
  }
}

/** Take the text and the voice of a link to this page. */
function openLink() {
  const content = takeLink();
  if (content !== null) {
    input.set(content.text, content.markdown);
    speed.value = content.speed;
    const hasVoice = content.voice === null || chooseVoice(voice, content.voice);
    say(t(hasVoice ? "share.opened" : "share.voice", { voice: content.voice }));
    showSpeed();
  }
}

/** Offer these voices and models. */
export function offer(voices, offered) {
  models = new Set(offered.map(({ id }) => id));
  const chosen = model.value;
  model.replaceChildren(new Option(t("model.automatic"), ""), ...offered.map(({ id }) => new Option(id, id)));
  model.value = models.has(chosen) ? chosen : "";
  fillVoices(voice, voices);
  voiceDialog.offer(voices, (one) => modelOf(one.engine));
  voice.disabled = speakButton.disabled = byId("voice-listen").disabled = byId("voice-browse").disabled = !voices.length;
  showSpeed();
  openLink();
}

/** The author's pronunciations of the text, as the text of a lexicon. */
export const lexicon = () => view.lexicon;

/** Draw again what depends on the colours. */
export const redraw = () => waveform?.draw(true);

function openView() {
  view = new SpokenView(byId("text-spoken"), {
    read: async () => ({
      text: input.value(),
      language: voice.selectedOptions[0]?.dataset.language ?? document.documentElement.lang,
      isMarkdown: input.isMarkdown(),
      citations: citations.checked ? "drop" : "read",
    }),
    voice: () => ({ id: voice.value, model: modelOf(voice.selectedOptions[0].dataset.engine) }),
  });
  citations.addEventListener("input", () => view.refresh());
}

export function start() {
  openView();
  input.start({
    onSay: say,
    onComplain: (message) => { problem.textContent = message; },
    onEnter: () => speakButton.disabled || speak(),
    onChange: () => view.refresh(),
  });
  speakButton.addEventListener("click", speak);
  pauseButton.addEventListener("click", () => current?.toggle());
  stopButton.addEventListener("click", stop);
  speed.addEventListener("input", showSpeed);
  voice.addEventListener("input", showSpeed);
  position.addEventListener("input", () => current?.seek(Number(position.value)));
  byId("share").addEventListener("click", share);
  byId("voice-browse").addEventListener("click", () => voiceDialog.open(voice));
  byId("voice-listen").addEventListener("click", (event) => {
    const { engine: name, language } = voice.selectedOptions[0].dataset;
    preview(event.currentTarget, { id: voice.value, language }, modelOf(name), complain);
  });
  addEventListener("hashchange", openLink);
}
