/** Plays streamed audio without gaps, and knows the current position. */

const LEAD_SECONDS = 0.06; // between scheduling a sound and its start, so that the start is not lost
const AHEAD_SECONDS = 8; // scheduled in advance: more than the second to which browsers slow a hidden tab's timers
const PUMP_MS = 150;

/**
 * Blocks of 16-bit mono samples, each scheduled to begin on the sample after the one before it.
 *
 * The clock is that of the sound card, minus the output latency. The blocks are kept as they arrived, half
 * the size of what is played, so that any received position can be sought.
 */
export class Player {
  #context;
  #rateHz;
  #blocks = [];
  #nodes = new Set();
  #next = 0; // the block that is scheduled next
  #within = 0; // and the position in it, in samples
  #scheduledSamples = 0; // the end of the scheduled sound
  #receivedSamples = 0;
  #origin = null; // the start of the sound on the context's clock, even if it was skipped
  #latest = -Infinity; // the position never moves back by itself
  #isWhole = false;
  #hasEnded = false;
  #isClosed = false;
  #timer;
  #onEnd;

  constructor(rateHz, onEnd) {
    this.#rateHz = rateHz;
    this.#onEnd = onEnd;
    // At the sound's own rate: a node that resamples does so for itself, and would click at each seam.
    this.#context = new AudioContext({ sampleRate: rateHz, latencyHint: "interactive" });
    this.#timer = setInterval(() => this.#pump(), PUMP_MS);
    this.resume();
  }

  /** Add the next samples, an Int16Array. */
  add(samples) {
    this.#blocks.push({ samples, start: this.#receivedSamples });
    this.#receivedSamples += samples.length;
    this.#pump();
  }

  /** No more samples will be added. */
  finish() {
    this.#isWhole = true;
    this.#pump();
  }

  /** The current position in seconds; negative just before the start, null before there is any sound. */
  get position() {
    if (this.#origin === null) {
      return null;
    }
    const latency = this.#context.outputLatency || this.#context.baseLatency || 0;
    const heard = this.#context.currentTime - latency - this.#origin;
    this.#latest = Math.max(this.#latest, Math.min(heard, this.#scheduledSamples / this.#rateHz));
    return this.#latest;
  }

  /** Whether all sound has been received and played. */
  get hasEnded() {
    return this.#hasEnded;
  }

  get receivedSeconds() {
    return this.#receivedSamples / this.#rateHz;
  }

  /** Whether all received sound has been played, and more is expected. */
  get isWaiting() {
    return !this.#isWhole && (this.#origin === null || this.position >= this.receivedSeconds);
  }

  pause() {
    return this.#context.suspend();
  }

  resume() {
    return this.#context.resume();
  }

  /** Continue from a received position. */
  seek(seconds) {
    this.#silence();
    const sample = Math.round(Math.max(0, Math.min(seconds * this.#rateHz, this.#receivedSamples)));
    const found = this.#blocks.findLastIndex((block) => block.start <= sample);
    this.#next = Math.max(0, found);
    this.#within = found < 0 ? 0 : sample - this.#blocks[found].start;
    this.#scheduledSamples = sample;
    this.#origin = this.#context.currentTime + LEAD_SECONDS - sample / this.#rateHz;
    this.#latest = -Infinity;
    this.#hasEnded = false;
    this.#pump();
  }

  /** Stop for good, and ignore further samples. */
  close() {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#silence();
    return this.#context.close();
  }

  #silence() {
    this.#nodes.forEach((node) => node.stop());
    this.#nodes.clear();
  }

  #pump() {
    if (this.#isClosed) {
      return;
    }
    while (this.#next < this.#blocks.length && this.#isWithinReach()) {
      this.#schedule();
    }
    if (this.#isWhole && !this.#hasEnded && (this.#origin === null || this.position >= this.receivedSeconds)) {
      this.#hasEnded = true;
      this.#onEnd();
    }
  }

  #isWithinReach() {
    return this.#origin === null
      || this.#origin + this.#scheduledSamples / this.#rateHz - this.#context.currentTime < AHEAD_SECONDS;
  }

  #schedule() {
    const now = this.#context.currentTime;
    const offset = this.#scheduledSamples / this.#rateHz;
    if (this.#origin === null || this.#origin + offset < now) {
      this.#origin = now + LEAD_SECONDS - offset; // the first sound, or sound that came too late
    }
    const samples = this.#blocks[this.#next].samples.subarray(this.#within);
    this.#next += 1;
    this.#within = 0;
    if (samples.length === 0) {
      return;
    }
    const buffer = this.#context.createBuffer(1, samples.length, this.#rateHz);
    const channel = buffer.getChannelData(0);
    for (let index = 0; index < samples.length; index += 1) {
      channel[index] = samples[index] / 32768;
    }
    const node = new AudioBufferSourceNode(this.#context, { buffer });
    node.connect(this.#context.destination);
    node.addEventListener("ended", () => this.#nodes.delete(node));
    node.start(this.#origin + offset);
    this.#nodes.add(node);
    this.#scheduledSamples += samples.length;
  }
}

/** Decodes base64 of little-endian 16-bit samples from pieces of any length. */
export class SampleDecoder {
  #odd = null;

  decode(base64) {
    const text = atob(base64);
    const held = this.#odd === null ? 0 : 1;
    const bytes = new Uint8Array(text.length + held);
    if (held) {
      bytes[0] = this.#odd;
    }
    for (let index = 0; index < text.length; index += 1) {
      bytes[index + held] = text.charCodeAt(index);
    }
    this.#odd = bytes.length % 2 ? bytes[bytes.length - 1] : null;
    return new Int16Array(bytes.buffer, 0, bytes.length >> 1); // every browser's machine is little-endian
  }
}
