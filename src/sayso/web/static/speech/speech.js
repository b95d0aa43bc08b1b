/** The speech of one text: its request, its sound and its words. */

import { cutOff, failureOfEvent, postJson } from "../common/api.js";
import { Failure } from "../common/errors.js";
import { eventsOf } from "../common/sse.js";
import { Player, SampleDecoder } from "../sound/player.js";
import { placer, ReadingText } from "../text/reading-text.js";

export const PATH = "v1/audio/speech/captions";
const PCM_RATE_HZ = 24_000; // of the API's pcm

/**
 * @param body of the request
 * @param name of the downloads
 * @param parts.words the element that shows the text; parts.waveform of the sound
 * @param on.engine called with the engine's name; on.frame at every frame; on.state with playing, paused or ended
 */
export class Speech {
  isPaused = false;
  isWhole = false;
  hasFailed = false;
  #controller = new AbortController();
  #words;
  #place;
  #placedUnits = 0; // the end of the last word whose time is known
  #waveform;
  #player;
  #on;
  #frame = 0;

  constructor(body, name, { words, waveform }, on) {
    this.body = body;
    this.name = name;
    this.#on = on;
    this.#waveform = waveform;
    this.#place = placer(body.input);
    this.#words = new ReadingText(words, body.input, (seconds) => this.seek(seconds), { isMarkdown: body.markdown });
    this.#player = new Player(PCM_RATE_HZ, () => this.#end());
    this.#frame = requestAnimationFrame(() => this.#show());
  }

  /** Send the request, and play the response; throws a Failure or an AbortError. */
  async run() {
    const asked = { ...this.body, response_format: "pcm", stream_format: "sse" };
    try {
      const response = await postJson(PATH, asked, this.#controller.signal);
      this.#on.engine(response.headers.get("x-sayso-engine") ?? "");
      await this.#follow(response);
    } catch (error) {
      this.hasFailed = true;
      throw error;
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
      const words = event.words.map(this.#place);
      this.#placedUnits = words.at(-1)?.to ?? this.#placedUnits;
      this.#words.add(words);
    } else if (event.type === "speech.audio.delta") {
      const samples = decoder.decode(event.audio);
      this.#waveform.add(samples, PCM_RATE_HZ);
      this.#player.add(samples);
    } else if (event.type === "speech.audio.done") {
      this.isWhole = true;
    } else if (event.type === "error") {
      throw failureOfEvent(event);
    }
  }

  get hasSound() {
    return this.#player.receivedSeconds > 0;
  }

  get receivedSeconds() {
    return this.#player.receivedSeconds;
  }

  /** The position in seconds, from 0 on. */
  get position() {
    return Math.max(0, this.#player.position ?? 0);
  }

  get isWaiting() {
    return this.#player.isWaiting;
  }

  get hasEnded() {
    return this.#player.hasEnded;
  }

  /** The length of the whole speech, in seconds; an estimate until it is there, NaN before there is any sound. */
  get expectedSeconds() {
    if (this.isWhole || this.hasFailed) {
      return this.receivedSeconds;
    }
    const share = this.#placedUnits / this.body.input.trimEnd().length;
    return share > 0 ? Math.max(this.receivedSeconds, this.receivedSeconds / share) : NaN;
  }

  /** Pause, resume, or after the end begin again. */
  toggle() {
    if (this.hasEnded) {
      this.seek(0);
      return;
    }
    this.isPaused = !this.isPaused;
    this.isPaused ? this.#player.pause() : this.#player.resume();
    this.#on.state(this.isPaused ? "paused" : "playing");
  }

  seek(seconds) {
    this.#player.seek(seconds);
    this.isPaused = false;
    this.#player.resume();
    this.#on.state("playing");
  }

  close() {
    this.#controller.abort();
    cancelAnimationFrame(this.#frame);
    this.#words.light(-1);
    this.#words.close();
    this.#waveform.close();
    this.#player.close();
  }

  #end() {
    this.isPaused = true;
    this.#player.pause();
    this.#on.state("ended");
  }

  #show() {
    const heard = this.#player.position;
    this.#words.makeAvailable(this.receivedSeconds);
    if (heard !== null) {
      this.#words.light(heard);
      this.#waveform.show(this.position / this.receivedSeconds);
    }
    this.#on.frame();
    this.#frame = requestAnimationFrame(() => this.#show());
  }
}
