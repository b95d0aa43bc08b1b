/** The voices: their names, and lists of them. */

import { language, languageName, percent, t } from "../common/language.js";

const FAVOURITES = { en: "af_heart", fr: "ff_siwis" };

/** "Heart · af_heart" for Kokoro's names, whose first two letters are language and sex; otherwise the name. */
export function voiceLabel(name) {
  const parts = partsOf(name);
  if (parts.length > 1) {
    const total = parts.reduce((sum, part) => sum + part.weight, 0);
    return parts.map((part) => `${shortName(part.id)} ${percent(total ? part.weight / total : 0)}`).join(" + ");
  }
  const short = shortName(name);
  return short === name ? name : `${short} · ${name}`;
}

/** "Heart" of af_heart. */
export function shortName(name) {
  const spoken = /^[a-z][fm]_([a-z]+)$/.exec(name)?.[1];
  return spoken ? `${spoken[0].toUpperCase()}${spoken.slice(1)}` : name;
}

/** The parts of a blend such as "af_bella:2+af_sky:1"; a voice is one part. */
export function partsOf(name) {
  return name.split("+").map((part) => {
    const [, id, weight] = /^(.*?)(?::([\d.]+))?$/.exec(part);
    return { id, weight: weight === undefined ? 1 : Number(weight) };
  });
}

/** The name of a blend of parts `{id, weight}`. */
export function blendOf(parts) {
  return parts.map(({ id, weight }) => `${id}:${weight}`).join("+");
}

/** The words by which a voice is found. */
export function searchText(voice) {
  const sex = /^[a-z]([fm])_/.exec(voice.name)?.[1];
  const kind = sex ? t(sex === "f" ? "voices.woman" : "voices.man") : "";
  return [voice.name, shortName(voice.name), voice.language, languageName(voice.language), kind].join(" ").toLowerCase();
}

/** Voices by language: `[tag, voices]`, the page's own language first. */
export function byLanguage(voices) {
  const groups = new Map(voices.map((one) => [one.language, []]));
  voices.forEach((one) => groups.get(one.language).push(one));
  const isOther = ([tag]) => Number(tag.split("-")[0] !== language);
  return [...groups].sort((one, other) => isOther(one) - isOther(other)); // stable
}

function optionOf(voice) {
  const option = new Option(voiceLabel(voice.name), voice.id);
  option.dataset.engine = voice.engine;
  option.dataset.language = voice.language;
  return option;
}

/** Offer these voices in a list, grouped by language; the selection stays. */
export function fillVoices(select, voices) {
  const favourites = [FAVOURITES[language], FAVOURITES.en];
  const chosen = select.value || favourites.find((name) => voices.some((voice) => voice.id === name)) || "";
  select.replaceChildren(...byLanguage(voices).map(([tag, members]) => {
    const group = document.createElement("optgroup");
    group.label = languageName(tag);
    group.append(...members.map(optionOf));
    return group;
  }));
  chooseVoice(select, chosen);
}

/** Select a voice or a blend, which is added to the list; returns false where one of its voices is not offered. */
export function chooseVoice(select, name) {
  const options = [...select.options];
  const found = options.find((option) => option.value === name);
  if (found) {
    select.value = name;
    return true;
  }
  const parts = partsOf(name);
  const heaviest = parts.reduce((one, other) => (other.weight > one.weight ? other : one));
  const like = options.find((option) => option.value === heaviest.id);
  if (parts.length < 2 || !parts.every(({ id }) => options.some((option) => option.value === id))) {
    return false;
  }
  select.querySelector("optgroup.blends")?.remove();
  const group = document.createElement("optgroup");
  group.className = "blends";
  group.label = t("voices.blend");
  group.append(optionOf({ id: name, name, engine: like.dataset.engine, language: like.dataset.language }));
  select.prepend(group);
  select.value = name;
  return true;
}
