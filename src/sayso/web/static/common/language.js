/** The texts of the page in its language, which the server has chosen, and the formats of numbers. */

export const language = document.documentElement.lang;

const response = await fetch(`page/messages/${language}.json`);
const messages = await response.json();
const rules = new Intl.PluralRules(language);

/** The message of a key, with values in the places of their names. */
export function t(key, values = {}) {
  const message = messages[key];
  if (message === undefined) {
    throw new Error(`No message ${key}`);
  }
  return message.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

/** The message of a key if there is one; otherwise undefined. */
export const known = (key) => messages[key];

/** The message for a number of things: of the key with its plural form, such as `.one` or `.other`. */
export function plural(key, count, values = {}) {
  const form = `${key}.${rules.select(count)}`;
  return t(form in messages ? form : `${key}.other`, { count: number(count), ...values });
}

export function number(value, options = {}) {
  return new Intl.NumberFormat(language, options).format(value);
}

export const percent = (share) => t("number.percent", { value: number(Math.round(share * 100)) });

/** A speed such as "1.25×". */
export const factor = (value, digits = 2) => `${number(value, { minimumFractionDigits: digits, maximumFractionDigits: 2 })}×`;

/** The name of a language in the page's language, or its tag. */
export function languageName(tag) {
  try {
    return new Intl.DisplayNames([language], { type: "language" }).of(tag);
  } catch {
    return tag; // no tag of a language
  }
}
