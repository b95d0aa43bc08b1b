/** The text of Speak: typed, pasted, opened, or dropped. A long one is kept aside, since a field would stall with it. */

import { stem, sizeOf } from "../common/files.js";
import { plural, t } from "../common/language.js";
import { about } from "../common/times.js";
import { speechSeconds } from "../text/lengths.js";
import { MarkdownTick } from "../text/markdown-tick.js";
import { isMarkdownFile, textOf } from "../text/text-file.js";

const LONGEST_IN_FIELD = 100_000; // characters

const byId = (id) => document.getElementById(id);
const field = byId("text");
const aside = byId("text-aside");
const count = byId("text-count");
const drop = byId("text-drop");
const tick = new MarkdownTick(byId("markdown"));

let kept = null; // {text, name} of a long text
let fileName = null;
let estimate = { language: "en", speed: 1 };
let say = () => {};
let complain = () => {};
let changed = () => {};

/** The text; the whole, also of one that is kept aside. */
export const value = () => kept?.text ?? field.value;

/** Whether it is kept aside. */
export const isKept = () => kept !== null;

/** The name of its downloads. */
export const name = () => fileName ?? "speech";

export const isMarkdown = () => tick.isMarkdown;

export const focus = () => (kept === null ? field : byId("text-remove")).focus();

/** Estimate the speech of this language and at this speed. */
export function estimateFor(language, speed) {
  estimate = { language, speed };
  showCount();
}

function showCount() {
  const { length } = value();
  const seconds = speechSeconds(length, estimate.language, estimate.speed);
  count.textContent = length ? `${plural("speak.characters", length)}, ${about(seconds)}` : "";
  changed();
}

function showKept() {
  field.hidden = kept !== null;
  aside.hidden = kept === null;
  byId("text-aside-name").textContent = kept === null ? "" : kept.name;
  byId("text-aside-size").textContent = kept === null ? "" : sizeOf(kept.bytes);
}

/** Take a text; `from` is the name of its file, or null. */
export function take(text, from = null, isKnown = false) {
  const isLong = text.length > LONGEST_IN_FIELD;
  kept = isLong ? { text, name: from ?? t("speak.pasted"), bytes: new Blob([text]).size } : null;
  field.value = isLong ? "" : text;
  fileName = from === null ? null : stem(from);
  tick.follow("");
  tick.follow(text, isKnown);
  showKept();
  showCount();
}

/** Set what a link says. */
export function set(text, isMarkdownText) {
  take(text);
  tick.set(isMarkdownText);
}

async function open(file) {
  complain("");
  say("");
  try {
    take(await textOf(file), file.name, isMarkdownFile(file.name));
    say(t("speak.opened", { name: file.name }));
  } catch (error) {
    complain(error.message);
  }
}

function listenForDrops() {
  drop.addEventListener("dragover", (event) => drop.classList.toggle("over", event.dataTransfer.types.includes("Files")));
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    drop.classList.remove("over");
    const { files } = event.dataTransfer;
    if (files.length > 0) {
      event.preventDefault();
      open(files[0]);
    }
  });
}

/**
 * @param onSay, onComplain called with a message
 * @param onEnter called when Ctrl+Enter asks for the text to be spoken
 * @param onChange called when the text, or how it is read, may have changed
 */
export function start({ onSay, onComplain, onEnter, onChange }) {
  say = onSay;
  complain = onComplain;
  changed = onChange;
  byId("markdown").addEventListener("input", () => changed());
  field.addEventListener("input", () => {
    if (field.value.length > LONGEST_IN_FIELD) {
      take(field.value);
      byId("text-remove").focus();
      return;
    }
    fileName = field.value ? fileName : null;
    tick.follow(field.value, isMarkdownFile(fileName ?? ""));
    showCount();
  });
  field.addEventListener("paste", (event) => {
    const pasted = event.clipboardData?.getData("text/plain") ?? "";
    if (pasted.length > LONGEST_IN_FIELD) {
      event.preventDefault(); // before the field lays it out
      take(field.value.slice(0, field.selectionStart) + pasted + field.value.slice(field.selectionEnd));
      byId("text-remove").focus();
    }
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      onEnter();
    }
  });
  byId("text-remove").addEventListener("click", () => { take(""); field.focus(); });
  byId("text-file").addEventListener("change", (event) => {
    const [file] = event.target.files;
    event.target.value = ""; // so that the same file can be opened again
    if (file) {
      open(file);
    }
  });
  listenForDrops();
}
