/** Errors in the page's language: by their codes, and where it has no words for one, with those of the server behind. */

import { make } from "./elements.js";
import { known, language, plural, t } from "./language.js";

const API_LANGUAGE = "en"; // whose messages say more than the page's own of the same code
const OF_TEXTS = "string_above_max_length"; // whose words are about a text

/** An error of the API, or of the connection to it. */
export class Failure extends Error {
  constructor(message, { status = 0, code = null, detail = "", retryAfterSeconds = null } = {}) {
    super(message);
    this.name = "Failure";
    this.status = status;
    this.code = code; // of the API, for programs
    this.detail = detail; // the server's words, where the message does not say as much
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The words for an error of the API `{message, code, param}`: the message, and the detail in the API's language. */
export function wordsOf({ message, code, param }) {
  if (language === API_LANGUAGE) {
    return { message, detail: "" };
  }
  const isKnown = code !== OF_TEXTS || ["input", "text"].includes(param);
  const own = isKnown ? known(`error.code.${code}`) : undefined;
  return own ? { message: own, detail: "" } : { message: known(`error.param.${param}`) ?? t("error.refused"), detail: message };
}

/** The failure of a job, from its error and, if it is known, its code; `other` is the key of the words for any other. */
export function failureOfJob(error, code = null, other = "error.job") {
  if (language === API_LANGUAGE) {
    return new Failure(error);
  }
  const own = known(`error.job.${code}`) ?? known(`error.code.${code}`);
  return own ? new Failure(own, { code }) : new Failure(t(other), { code, detail: error });
}

/** The message of an error for people; null if they cancelled the request themselves. */
export function explain(error) {
  if (error.name === "AbortError") {
    return null;
  }
  if (error.retryAfterSeconds === null || error.retryAfterSeconds === undefined) {
    return error.message;
  }
  const seconds = error.retryAfterSeconds;
  const when = new Date(Date.now() + seconds * 1000).toLocaleTimeString(language);
  return `${error.message} ${plural("error.again", seconds, { when })}`;
}

/** Show an error in an element, with its detail; null for none. */
export function showError(element, error) {
  const message = error === null ? null : explain(error);
  const shown = message === null ? [] : [message];
  if (message !== null && error.detail) {
    const detail = make("span", "detail", error.detail);
    detail.lang = API_LANGUAGE;
    shown.push(" ", detail);
  }
  element.replaceChildren(...shown);
}

/** An error in one line. */
export const inOneLine = (error) => [error.message, error.detail].filter(Boolean).join(" ");
