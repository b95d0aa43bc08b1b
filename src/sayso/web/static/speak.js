/** The part of the page that speaks a text. */

import { cutOff, explain, Failure, failureOfEvent, postJson } from "./api.js";
import { DownloadButtons, fileOf, stem } from "./files.js";
import { Player, SampleDecoder } from "./player.js";
import { eventsOf } from "./sse.js";
import { minutes } from "./times.js";
import { fillVoices } from "./voices.js";
import { ReadingText } from "./words.js";

const PATH = "v1/audio/speech/captions";
const PCM_RATE_HZ = 24_000; // of the API's pcm
const SUBTITLES = ["srt", "vtt", "ass"];

const byId = (id) => document.getElementById(id);
const text = byId("text");
const voice = byId("voice");
const speed = byId("speed");
const speakButton = byId("speak");
const pauseButton = byId("pause");
const stopButton = byId("stop");
const status = byId("speak-status");
const problem = byId("speak-error");
const engine = byId("speak-engine");
const reading = byId("reading");
const position = byId("position");
const clock = byId("clock");

let fileName = "speech";
let models = new Set();
let current = null; // the current or the last speech

/** The speech of one text: its request, its sound and its words. */
class Speech {
  isPaused = false;
  isWhole = false;
  #controller = new AbortController();
  #words;
  #player;
  #frame = 0;
  #shownProgress = null;

  constructor(body, name) {
    this.body = body;
    this.name = name;
    this.#words = new ReadingText(byId("words"), body.input, (seconds) => this.seek(seconds));
    this.#player = new Player(PCM_RATE_HZ, () => this.#onEnd());
    this.#frame = requestAnimationFrame(() => this.#show());
  }

  /** Send the request, and play the response; throws a Failure or an AbortError. */
  async run() {
    const asked = { ...this.body, response_format: "pcm", stream_format: "sse" };
    const response = await postJson(PATH, asked, this.#controller.signal);
    engine.textContent = response.headers.get("x-sayso-engine") ?? "";
    try {
      await this.#follow(response);
    } finally {
      this.#player.finish(); // received sound is played to its end, even after an error
    }
  }

  async #follow(response) {
    const decoder = new SampleDecoder();
    try {
      for await (const event of eventsOf(response)) {
        this.#handle(event, decoder);
      }
    } catch (error) {
      throw error instanceof Failure || error.name === "AbortError" ? error : cutOff();
    }
    if (!this.isWhole) {
      throw cutOff();
    }
  }

  #handle(event, decoder) {
    if (event.type === "speech.words.delta") {
      this.#words.add(event.words);
    } else if (event.type === "speech.audio.delta") {
      this.#player.add(decoder.decode(event.audio));
    } else if (event.type === "speech.audio.done") {
      this.isWhole = true;
      this.#words.finish();
    } else if (event.type === "error") {
      throw failureOfEvent(event);
    }
  }

  get hasSound() {
    return this.#player.receivedSeconds > 0;
  }

  togglePause() {
    this.isPaused = !this.isPaused;
    this.isPaused ? this.#player.pause() : this.#player.resume();
    showState(this.isPaused ? "paused" : "playing");
  }

  seek(seconds) {
    this.#player.seek(seconds);
    this.isPaused = false;
    this.#player.resume();
    showState("playing");
  }

  close() {
    this.#controller.abort();
    cancelAnimationFrame(this.#frame);
    this.#words.light(-1);
    this.#words.close();
    this.#player.close();
    showClock(0, 0);
  }

  #onEnd() {
    this.isPaused = true;
    this.#player.pause();
    showState("ended");
  }

  #show() {
    const heard = this.#player.position;
    this.#words.write(heard ?? 0);
    this.#words.makeAvailable(this.#player.receivedSeconds);
    if (heard !== null) {
      this.#words.light(heard);
      showClock(Math.max(0, heard), this.#player.receivedSeconds);
    }
    const progress = this.isPaused ? null : this.#player.isWaiting ? "Synthesising…" : "Speaking";
    if (progress !== this.#shownProgress) { // a live region is read out whenever it is set
      this.#shownProgress = progress;
      say(progress ?? status.textContent);
    }
    this.#frame = requestAnimationFrame(() => this.#show());
  }
}

function say(message) {
  status.textContent = message;
}

function complain(error) {
  problem.textContent = explain(error) ?? "";
}

/** Set the controls to idle, playing, paused or ended. */
function showState(state) {
  const hadFocus = [pauseButton, stopButton].includes(document.activeElement);
  pauseButton.disabled = state === "idle" || state === "ended";
  stopButton.disabled = state === "idle" || state === "ended";
  pauseButton.textContent = state === "paused" ? "Resume" : "Pause";
  if (hadFocus && document.activeElement?.disabled !== false) {
    speakButton.focus();
  }
  if (state !== "playing") {
    say({ idle: "", paused: "Paused", ended: "Done" }[state]);
  }
}

function showClock(heard, received) {
  position.max = received.toFixed(2);
  position.value = heard.toFixed(2);
  position.setAttribute("aria-valuetext", `${minutes(heard)} of ${minutes(received)}`);
  clock.textContent = `${minutes(heard)} / ${minutes(received)}`;
}

function stop() {
  current?.close();
  current = null;
  downloads.hide();
  reading.hidden = true;
  showState("idle");
}

async function speak() {
  stop();
  problem.textContent = "";
  if (!text.value.trim()) {
    problem.textContent = "There is nothing to speak yet: type or paste a text.";
    text.focus();
    return;
  }
  reading.hidden = false;
  const choice = voice.selectedOptions[0];
  const model = models.has(choice.dataset.engine) ? choice.dataset.engine : "hybrid";
  const body = { model, input: text.value, voice: choice.value, speed: Number(speed.value) };
  const speech = new Speech(body, fileName);
  current = speech;
  showState("playing");
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
  onBegin: (form) => { problem.textContent = ""; say(`Preparing ${form.toUpperCase()}…`); },
  onSaved: (name) => say(`Saved ${name}`),
  onError: (error) => { say(""); complain(error); },
});

async function open(file) {
  text.value = await file.text();
  fileName = stem(file.name);
  say(`Opened ${file.name}`);
}

/** Offer these voices, grouped by language, of a server that has these models. */
export function offerVoices(voices, names) {
  models = new Set(names);
  fillVoices(voice, voices);
  voice.disabled = speakButton.disabled = voices.length === 0;
}

export function start() {
  speakButton.addEventListener("click", speak);
  pauseButton.addEventListener("click", () => current?.togglePause());
  stopButton.addEventListener("click", stop);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !speakButton.disabled) {
      event.preventDefault();
      speak();
    }
  });
  text.addEventListener("input", () => { fileName = text.value ? fileName : "speech"; });
  byId("text-file").addEventListener("change", (event) => {
    const [file] = event.target.files;
    event.target.value = ""; // so that the same file can be opened again
    if (file) {
      open(file);
    }
  });
  text.addEventListener("drop", (event) => {
    const [file] = event.dataTransfer.files;
    if (file) {
      event.preventDefault();
      open(file);
    }
  });
  speed.addEventListener("input", () => {
    byId("speed-shown").textContent = `${Number(speed.value).toFixed(2)}×`;
    speed.setAttribute("aria-valuetext", `${Number(speed.value)} times`);
  });
  position.addEventListener("input", () => current?.seek(Number(position.value)));
}
