/** The dialog of voices: search, listen, choose, and blend with sliders. */

import { button, make } from "../common/elements.js";
import { showError } from "../common/errors.js";
import { languageName, percent, plural, t } from "../common/language.js";
import { preview, stopPreview } from "./preview.js";
import { blendOf, byLanguage, chooseVoice, partsOf, searchText, shortName, voiceLabel } from "./voices.js";

const BLENDING = "kokoro"; // the engine whose voices can be blended
const MOST_PARTS = 5;
const FULL_WEIGHT = 10;

const byId = (id) => document.getElementById(id);
const dialog = byId("voices");
const search = byId("voice-search");
const list = byId("voice-list");
const found = byId("voices-found");
const panel = byId("blend");
const problem = byId("voices-error");

let voices = [];
let modelOf = () => "hybrid";
let select = null; // the list that the dialog chooses for
let parts = []; // of the blend: {id, weight}

const say = (message) => { problem.textContent = message; };
const complain = (error) => showError(problem, error);
const voiceOf = (id) => voices.find((voice) => voice.id === id);

/** @param model gives the model for a voice's engine */
export function offer(offered, model) {
  voices = offered;
  modelOf = model;
}

/** Open the dialog to choose the voice of a list. */
export function open(target) {
  select = target;
  parts = partsOf(select.value).length > 1 ? partsOf(select.value) : [];
  search.value = "";
  say("");
  showList();
  showBlend();
  dialog.showModal();
  list.querySelector("[aria-current]")?.scrollIntoView({ block: "center" });
  search.focus();
}

function choose(id) {
  chooseVoice(select, id);
  select.dispatchEvent(new Event("input", { bubbles: true }));
  dialog.close();
}

function listenButton(voice, name) {
  const listen = button(t("voices.listen"));
  listen.classList.add("listen");
  listen.setAttribute("aria-pressed", "false");
  listen.setAttribute("aria-label", t("voices.listen.to", { name }));
  listen.addEventListener("click", () => preview(listen, voice, modelOf(voice), complain));
  return listen;
}

function rowOf(voice) {
  const row = make("li", "voice");
  const name = voiceLabel(voice.name);
  const isChosen = select.value === voice.id;
  const key = isChosen ? "voices.chosen" : "voices.use";
  const use = button(t(key));
  use.setAttribute("aria-label", t(`${key}.of`, { name }));
  use.addEventListener("click", () => choose(voice.id));
  if (isChosen) {
    row.setAttribute("aria-current", "true");
  }
  row.append(make("span", "voice-name", name), listenButton(voice, name), use);
  if (voice.engine === BLENDING) {
    const add = button(t("voices.add"));
    add.setAttribute("aria-label", t("voices.add.of", { name }));
    add.addEventListener("click", () => addPart(voice.id));
    row.append(add);
  }
  return row;
}

/** Show the voices that have all words of the search. */
function showList() {
  const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = voices.filter((voice) => wanted.every((word) => searchText(voice).includes(word)));
  list.replaceChildren(...byLanguage(shown).map(([tag, members]) => {
    const group = make("section", "voice-group");
    const rows = make("ul", "");
    rows.setAttribute("role", "list");
    rows.append(...members.map(rowOf));
    group.append(make("h3", "", languageName(tag)), rows);
    return group;
  }));
  found.textContent = plural("voices.found", shown.length);
}

function addPart(id) {
  if (!parts.some((part) => part.id === id)) {
    if (parts.length === MOST_PARTS) {
      say(plural("voices.most", MOST_PARTS));
      return;
    }
    const chosen = parts.length === 0 && voiceOf(select.value)?.engine === BLENDING && select.value !== id;
    parts = [...parts, ...(chosen ? [{ id: select.value, weight: FULL_WEIGHT / 2 }] : []), { id, weight: FULL_WEIGHT / 2 }];
  }
  say("");
  showBlend();
  byId(`blend-${id}`)?.focus();
}

/** The blend, without the parts that weigh nothing. */
const heavy = () => parts.filter(({ weight }) => weight > 0);

function showShares() {
  const total = parts.reduce((sum, { weight }) => sum + weight, 0);
  for (const { id, weight } of parts) {
    const share = percent(total ? weight / total : 0);
    byId(`blend-${id}-share`).textContent = share;
    byId(`blend-${id}`).setAttribute("aria-valuetext", share);
  }
  byId("blend-use").disabled = byId("blend-listen").disabled = heavy().length < 2;
}

function sliderOf(part) {
  const row = make("div", "part");
  const label = make("label", "", shortName(part.id));
  const slider = document.createElement("input");
  const share = make("span", "hint share");
  const remove = button(t("voices.remove"));
  Object.assign(slider, { type: "range", min: 0, max: FULL_WEIGHT, step: 1, id: `blend-${part.id}`, value: part.weight });
  label.htmlFor = slider.id;
  share.id = `${slider.id}-share`;
  remove.setAttribute("aria-label", t("voices.remove.of", { name: shortName(part.id) }));
  slider.addEventListener("input", () => { part.weight = Number(slider.value); showShares(); });
  remove.addEventListener("click", () => {
    parts = parts.filter((each) => each !== part);
    showBlend();
    search.focus();
  });
  row.append(label, slider, share, remove);
  return row;
}

function showBlend() {
  panel.hidden = parts.length === 0;
  byId("blend-parts").replaceChildren(...parts.map(sliderOf));
  showShares();
}

export function start() {
  search.addEventListener("input", showList);
  byId("voices-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => { stopPreview(); select.focus(); });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // outside of its content
  byId("blend-use").addEventListener("click", () => choose(blendOf(heavy())));
  byId("blend-listen").addEventListener("click", (event) => {
    const heaviest = heavy().reduce((one, other) => (other.weight > one.weight ? other : one));
    const voice = { ...voiceOf(heaviest.id), id: blendOf(heavy()) };
    preview(event.currentTarget, voice, modelOf(voice), complain);
  });
}
