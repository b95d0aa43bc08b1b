/** The languages that Whisper knows, by their names in the page's language. */

import { known, language } from "../common/language.js";

const CODES = (
  "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id is "
  + "it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk "
  + "sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo zh"
).split(" ");

/** Add them to a list, in the order of their names; some have none in Chromium, or another code. */
export function offerLanguages(select) {
  const names = new Intl.DisplayNames([language], { type: "language" });
  const named = CODES.map((code) => [known(`language.${code}`) ?? names.of(code), code]);
  named.sort(([one], [other]) => one.localeCompare(other, language));
  select.append(...named.map(([name, code]) => new Option(name, code)));
}
