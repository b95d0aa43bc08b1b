/** How long a text takes to speak, estimated from its number of characters: never from the text itself. */

const PER_SECOND = { ja: 7, zh: 4.5, ko: 7, default: 15 }; // characters, at speed 1

/** The length of a text's speech in seconds. */
export function speechSeconds(characters, language, speed) {
  const rate = PER_SECOND[String(language).slice(0, 2)] ?? PER_SECOND.default;
  return characters / rate / speed;
}
