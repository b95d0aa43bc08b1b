"use strict";

const element = (id) => document.getElementById(id);
const PAIRS = JSON.parse(element("pairs").textContent);
const NAMES = { a: "A", b: "B", x: "X", none: "no difference" };

/** The answers to each pair: better is a, b or none; x is a or b; null until it is answered. */
const answers = PAIRS.map(() => ({ better: null, x: null }));
const buttons = [...document.querySelectorAll("[data-play]")];
let current = 0;
let sounds = {};
let playing = null;
let isUnsaved = false;
let isRevealed = false;

/* Statistics */

/** The probability of each number of successes from 0 to n, of n attempts that succeed half of the time. */
function binomial(n) {
  const logs = [0];
  for (let k = 1; k <= n; k++) logs.push(logs[k - 1] + Math.log((n - k + 1) / k));
  return logs.map((log) => Math.exp(log - n * Math.LN2));
}

/** The probability of at least so many successes. */
function oneSided(successes, n) {
  return Math.min(1, binomial(n).slice(successes).reduce((sum, each) => sum + each, 0));
}

/** The probability of a split at least as uneven, either way. */
function twoSided(first, second) {
  return Math.min(1, 2 * oneSided(Math.max(first, second), first + second));
}

function shownP(p, n) {
  if (n === 0) return "–";
  return p < 0.001 ? "< 0.001" : p.toFixed(3);
}

/* Sound */

function load(pair) {
  stop();
  for (const sound of Object.values(sounds)) sound.removeAttribute("src");
  sounds = {};
  for (const which of ["a", "b", "x"]) {
    const sound = new Audio(pair[which]);
    sound.preload = "auto";
    sound.addEventListener("ended", () => { if (playing === which) showPlaying(null); });
    sounds[which] = sound;
  }
}

function stop() {
  for (const sound of Object.values(sounds)) sound.pause();
  showPlaying(null);
}

async function play(which) {
  const before = playing && sounds[playing];
  const place = before && playing !== which && element("keep-place").checked ? before.currentTime : 0;
  stop();
  const sound = sounds[which];
  sound.currentTime = place;
  showPlaying(which);
  element("problem").textContent = "";
  try {
    await sound.play();
  } catch (error) {
    if (error.name === "AbortError" || sounds[which] !== sound) return; // another one was started, or it was stopped
    showPlaying(null);
    element("problem").textContent = `${NAMES[which]} cannot be played. Its file belongs beside this page: ${PAIRS[current][which]}`;
  }
}

function showPlaying(which) {
  playing = which;
  for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.play === which));
  element("playing").textContent = which ? `Playing ${NAMES[which]}` : "";
}

/* The test */

function only(id) {
  for (const each of ["start", "test", "confirm", "results"]) element(each).hidden = each !== id;
}

function isAnswered(answer) {
  return answer.better !== null && answer.x !== null;
}

function show(index) {
  current = index;
  only("test");
  load(PAIRS[index]);
  element("problem").textContent = "";
  element("pair-title").textContent = `Pair ${index + 1} of ${PAIRS.length}`;
  element("sentence").textContent = PAIRS[index].text;
  element("sentence").lang = PAIRS[index].language;
  for (const input of element("answers").elements) {
    if (input.type === "radio") input.checked = answers[index][input.name] === input.value;
  }
  element("previous").disabled = index === 0;
  element("next").disabled = index === PAIRS.length - 1;
  showProgress();
  element("pair-title").focus();
}

function showProgress() {
  element("progress").value = answers.filter(isAnswered).length;
}

function confirmEnd() {
  stop();
  const left = answers.filter((answer) => !isAnswered(answer)).length;
  element("unanswered").textContent =
    (left ? `${left} of ${PAIRS.length} pairs are not fully answered; unanswered questions do not count. ` : "") +
    "Answers cannot be changed once the key is shown.";
  only("confirm");
  element("confirm-title").focus();
}

/* Results */

function readKey() {
  const bytes = Uint8Array.from(atob(element("key").textContent), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** For each two versions: how often each was preferred, and how often X was recognised. */
function summarise(key) {
  const found = new Map();
  key.pairs.forEach((pair, index) => {
    const [first, second] = [pair.a, pair.b].sort();
    const name = `${first}\n${second}`;
    if (!found.has(name)) found.set(name, { first, second, firstBetter: 0, secondBetter: 0, noDifference: 0, right: 0, answered: 0 });
    const row = found.get(name);
    const { better, x } = answers[index];
    if (better === "none") row.noDifference += 1;
    else if (better) row[pair[better] === first ? "firstBetter" : "secondBetter"] += 1;
    if (x) row.answered += 1;
    if (x === pair.x) row.right += 1;
  });
  return [...found.values()].map((row) => ({
    ...row,
    preferenceP: twoSided(row.firstBetter, row.secondBetter),
    differenceP: oneSided(row.right, row.answered),
  }));
}

function addRow(table, cells) {
  const row = element(table).tBodies[0].insertRow();
  for (const cell of cells) row.insertCell().textContent = cell;
}

function reveal() {
  isRevealed = true;
  const key = readKey();
  const rows = summarise(key);
  for (const row of rows) {
    const { first, second, firstBetter, secondBetter, noDifference, right, answered } = row;
    addRow("preferences", [first, second, firstBetter, secondBetter, noDifference, shownP(row.preferenceP, firstBetter + secondBetter)]);
    addRow("differences", [first, second, right, answered, shownP(row.differenceP, answered)]);
  }
  key.pairs.forEach((pair, index) => {
    const { better, x } = answers[index];
    addRow("pairs-shown", [index + 1, pair.voice, pair.a, pair.b, NAMES[pair.x], NAMES[better] ?? "–", NAMES[x] ?? "–"]);
  });
  element("save").addEventListener("click", () => save(key, rows));
  only("results");
  element("results-title").focus();
}

function save(key, rows) {
  const pairs = key.pairs.map((pair, index) => ({ text: PAIRS[index].text, ...pair, answers: answers[index] }));
  const content = JSON.stringify({ seed: key.seed, summary: rows, pairs }, null, 2);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content + "\n"], { type: "application/json" }));
  link.download = "listening-answers.json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  isUnsaved = false;
}

/* Events */

element("begin").addEventListener("click", () => show(0));
element("stop").addEventListener("click", stop);
element("next").addEventListener("click", () => show(current + 1));
element("previous").addEventListener("click", () => show(current - 1));
element("finish").addEventListener("click", confirmEnd);
element("back").addEventListener("click", () => show(current));
element("reveal").addEventListener("click", reveal);
element("answers").addEventListener("submit", (event) => event.preventDefault());
element("answers").addEventListener("change", (event) => {
  answers[current][event.target.name] = event.target.value;
  isUnsaved = true;
  showProgress();
});
for (const button of buttons) button.addEventListener("click", () => play(button.dataset.play));

document.addEventListener("keydown", (event) => {
  if (isRevealed || element("test").hidden || !element("use-keys").checked) return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const key = event.key.toLowerCase();
  if (["a", "b", "x"].includes(key)) play(key);
  else if (key === "s") stop();
  else if (key === "n" && !element("next").disabled) show(current + 1);
  else if (key === "p" && !element("previous").disabled) show(current - 1);
  else return;
  event.preventDefault();
});

addEventListener("beforeunload", (event) => { if (isUnsaved) event.preventDefault(); });
