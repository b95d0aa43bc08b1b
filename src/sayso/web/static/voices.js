/** The list of voices. */

const FAVOURITE = "af_heart";

function languageName(tag) {
  try {
    return new Intl.DisplayNames(["en"], { type: "language" }).of(tag);
  } catch {
    return tag;
  }
}

/** "Heart · af_heart" for Kokoro's names, whose first two letters are language and sex; otherwise the name. */
export function voiceLabel(name) {
  const spoken = /^[a-z][fm]_([a-z]+)$/.exec(name)?.[1];
  return spoken ? `${spoken[0].toUpperCase()}${spoken.slice(1)} · ${name}` : name;
}

/** Offer these voices in a list, grouped by language; the selection stays. */
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
