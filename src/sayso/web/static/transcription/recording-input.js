/** The recording that is to be transcribed: a file that is chosen or dropped, or the microphone. */

import { sizeOf } from "../common/files.js";
import { t } from "../common/language.js";
import { minutes } from "../common/times.js";
import { canRecord, Recording } from "../sound/recorder.js";

const byId = (id) => document.getElementById(id);
const drop = byId("drop");
const name = byId("drop-name");
const record = byId("record");

let running = null; // the recording of the microphone
let timer = 0;
let onChoose = () => {};
let onProblem = () => {};

function choose(file) {
  name.textContent = t("transcribe.file", { name: file.name, size: sizeOf(file.size) });
  onProblem("");
  onChoose(file);
}

function showRecording() {
  record.textContent = t(running === null ? "record.start" : "record.stop");
  record.classList.toggle("recording", running !== null);
  if (running !== null) {
    name.textContent = t("record.running", { time: minutes(running.seconds) });
  }
}

async function toggle() {
  if (record.getAttribute("aria-busy") === "true") {
    return;
  }
  record.setAttribute("aria-busy", "true");
  onProblem("");
  try {
    if (running === null) {
      running = await Recording.start();
      timer = setInterval(showRecording, 500);
      showRecording();
    } else {
      const file = await running.stop();
      running = null;
      clearInterval(timer);
      showRecording();
      choose(file);
    }
  } catch (error) {
    onProblem(error.message);
  } finally {
    record.removeAttribute("aria-busy");
  }
}

/**
 * @param on.choose called with each file
 * @param on.problem called with a problem in words, or an empty text
 */
export function start(on) {
  onChoose = on.choose;
  onProblem = on.problem;
  record.hidden = !canRecord();
  record.addEventListener("click", toggle);
  byId("recording").addEventListener("change", (event) => {
    const [file] = event.target.files;
    event.target.value = ""; // so that the same file can be chosen again
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
}
