/** Records the microphone into a file. */

import { Failure } from "../common/errors.js";
import { t } from "../common/language.js";

const FORMS = [["audio/webm;codecs=opus", "webm"], ["audio/mp4", "m4a"], ["audio/ogg;codecs=opus", "ogg"]];

/** Whether this browser records; pages without HTTPS have no microphone, except on this machine. */
export const canRecord = () => Boolean(navigator.mediaDevices?.getUserMedia) && typeof MediaRecorder === "function";

const REASONS = { NotAllowedError: "record.refused", NotFoundError: "record.none" };

/** One recording; it begins when `start` has returned. */
export class Recording {
  startedAt = 0; // by performance.now()
  #recorder;
  #pieces = [];
  #suffix;

  /** Start; throws a Failure if there is no microphone, or the visitor refuses it. */
  static async start() {
    try {
      return new Recording(await navigator.mediaDevices.getUserMedia({ audio: true }));
    } catch (error) {
      throw new Failure(t(REASONS[error.name] ?? "record.failed"));
    }
  }

  constructor(stream) {
    const [type, suffix] = FORMS.find(([each]) => MediaRecorder.isTypeSupported(each)) ?? ["", "webm"];
    this.#suffix = suffix;
    this.#recorder = new MediaRecorder(stream, type ? { mimeType: type } : {});
    this.#recorder.addEventListener("dataavailable", ({ data }) => this.#pieces.push(data));
    this.#recorder.start();
    this.startedAt = performance.now();
  }

  get seconds() {
    return (performance.now() - this.startedAt) / 1000;
  }

  /** Stop, release the microphone, and return the file. */
  async stop() {
    const ended = new Promise((resolve) => { this.#recorder.addEventListener("stop", resolve, { once: true }); });
    this.#recorder.stop();
    this.#recorder.stream.getTracks().forEach((track) => track.stop());
    await ended;
    return new File(this.#pieces, `${t("record.name")}.${this.#suffix}`, { type: this.#recorder.mimeType });
  }
}
