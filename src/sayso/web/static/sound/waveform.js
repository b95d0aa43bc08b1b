/** The outline of a sound on a canvas, with the part that has been heard in colour. */

const PEAKS_PER_SECOND = 50;
const BAR_PIXELS = 3; // and a gap of one
const DECODED_RATE_HZ = 8_000; // enough for an outline
const LARGEST_FILE_BYTES = 48_000_000; // of a file that is decoded for it: an hour or so
const QUIETEST = 0.02; // a sound that is nearly silent is drawn so
const LONGEST_SECONDS = 5_400;

/** The loudest of each short stretch of samples, as shares of the loudest possible. */
class Peaks {
  values = [];
  loudest = 0; // of all values
  #perPeak;
  #scale;
  #count = 0;
  #loudest = 0;

  constructor(rateHz, scale) {
    this.#perPeak = Math.round(rateHz / PEAKS_PER_SECOND);
    this.#scale = scale;
  }

  add(samples) {
    for (let index = 0; index < samples.length; index += 1) {
      const level = Math.abs(samples[index]);
      this.#loudest = level > this.#loudest ? level : this.#loudest;
      this.#count += 1;
      if (this.#count === this.#perPeak) {
        this.values.push(this.#loudest / this.#scale);
        this.loudest = Math.max(this.loudest, this.values.at(-1));
        this.#count = this.#loudest = 0;
      }
    }
  }
}

export class Waveform {
  #canvas;
  #peaks = null;
  #drawn = ""; // what the canvas shows
  #share = 0;
  #resizing;

  /** @param onSeek called with a share of the sound, 0 to 1, where the canvas itself takes the pointer */
  constructor(canvas, onSeek = null) {
    this.#canvas = canvas;
    this.#resizing = new ResizeObserver(() => this.draw());
    this.#resizing.observe(canvas);
    if (onSeek !== null) {
      canvas.classList.add("seekable");
      const seek = (event) => onSeek(Math.max(0, Math.min(1, event.offsetX / canvas.clientWidth)));
      canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); seek(event); });
      canvas.addEventListener("pointermove", (event) => event.buttons === 1 && seek(event));
    }
  }

  /** Take samples as they arrive, 16-bit integers. */
  add(samples, rateHz) {
    this.#peaks ??= new Peaks(rateHz, 32_768);
    this.#peaks.add(samples);
  }

  /** Take the sound of a file, if it is short enough and this browser can decode it; the outline is a decoration. */
  async load(blob, seconds) {
    if (blob.size > LARGEST_FILE_BYTES || !(seconds < LONGEST_SECONDS)) {
      return;
    }
    try {
      const context = new OfflineAudioContext(1, 1, DECODED_RATE_HZ);
      const sound = await context.decodeAudioData(await blob.arrayBuffer());
      this.#peaks = new Peaks(DECODED_RATE_HZ, 1);
      this.#peaks.add(sound.getChannelData(0));
      this.#drawn = "";
      this.draw();
    } catch {
      this.#peaks = null;
    }
  }

  /** Show that a share of the sound has been heard. */
  show(share) {
    this.#share = Number.isFinite(share) ? share : 0;
    this.draw();
  }

  /** Stop watching the canvas. */
  close() {
    this.#resizing.disconnect();
    this.#canvas.getContext("2d").clearRect(0, 0, this.#canvas.width, this.#canvas.height);
  }

  /** Draw what has changed; with `isAnew` everything, as after a change of the colours. */
  draw(isAnew = false) {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const peaks = this.#peaks?.values ?? [];
    this.#canvas.hidden = peaks.length === 0;
    if (width === 0 || peaks.length === 0) {
      return;
    }
    const ratio = window.devicePixelRatio || 1;
    const heard = Math.round(this.#share * width);
    const state = [width, height, ratio, peaks.length, heard].join(" ");
    if (state === this.#drawn && !isAnew) {
      return;
    }
    this.#drawn = state;
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(height * ratio);
    const pen = this.#canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const { color: unheard, caretColor: played } = getComputedStyle(this.#canvas); // from the style sheet
    const full = Math.max(this.#peaks.loudest, QUIETEST);
    const bars = Math.floor(width / (BAR_PIXELS + 1));
    for (let bar = 0; bar < bars; bar += 1) {
      const from = Math.floor((bar * peaks.length) / bars);
      const to = Math.max(from + 1, Math.floor(((bar + 1) * peaks.length) / bars));
      let loudest = 0;
      for (let index = from; index < to; index += 1) {
        loudest = Math.max(loudest, peaks[index]);
      }
      const left = bar * (BAR_PIXELS + 1);
      const tall = Math.max(2, (loudest / full) * (height - 2));
      pen.fillStyle = left < heard ? played : unheard;
      pen.fillRect(left, (height - tall) / 2, BAR_PIXELS, tall);
    }
  }
}
