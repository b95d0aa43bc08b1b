/** Voices as people choose them. */

const FAVOURITE = "af_heart";

function languageName(tag) {
  try {
    return new Intl.DisplayNames(["en"], { type: "language" }).of(tag);
  } catch {
    return tag;
  }
}

/** "Heart · af_heart" for Kokoro's names, which begin with a letter each for language and sex; else the name. */
export function voiceLabel(name) {
  const spoken = /^[a-z][fm]_([a-z]+)$/.exec(name)?.[1];
  return spoken ? `${spoken[0].toUpperCase()}${spoken.slice(1)} · ${name}` : name;
}

/** Have a list offer these voices, grouped by language; what was chosen stays chosen. */
export function fillVoices(select, voices) {
  const chosen = select.value || FAVOURITE;
  const groups = new Map(voices.map((one) => [one.language, []]));
  voices.forEach((one) => groups.get(one.language).push(one));
  select.replaceChildren(...[...groups].map(([language, members]) => {
    const group = document.createElement("optgroup");
    group.label = languageName(language);
    group.append(...members.map((one) => {
      const option = new Option(voiceLabel(one.name), one.id, false, one.id === chosen);
      option.dataset.engine = one.engine;
      return option;
    }));
    return group;
  }));
}
