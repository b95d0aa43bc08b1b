/** Requests to the API: the key and the responses. */

import { Failure, wordsOf } from "./errors.js";
import { t } from "./language.js";

const KEY_NAME = "sayso.key";

let keyWanted = () => {};

/** Call `callback` with the server's message whenever the key is missing or refused. */
export function onKeyRequired(callback) {
  keyWanted = callback;
}

export function storeKey(key) {
  sessionStorage.setItem(KEY_NAME, key);
}

function authorisation() {
  const key = sessionStorage.getItem(KEY_NAME);
  return key ? { authorization: `Bearer ${key}` } : {};
}

/** The failure of an error response; after a refused key the page asks for one, unless `asksForKey` is false. */
function failureOf(status, body, retryAfter, asksForKey = true) {
  let words;
  let code = null;
  try {
    const { error } = JSON.parse(body);
    code = error.code;
    words = wordsOf(error);
  } catch {
    words = { message: t("error.status", { status }) }; // a proxy in between has other error bodies
  }
  const seconds = retryAfter === null ? NaN : Number(retryAfter);
  const retryAfterSeconds = Number.isFinite(seconds) ? seconds : null;
  const failure = new Failure(words.message, { status, code, detail: words.detail, retryAfterSeconds });
  if (status === 401 && asksForKey) {
    keyWanted(words.message);
  }
  return failure;
}

/** The failure of an `error` event in the middle of a stream. */
export function failureOfEvent({ error }) {
  const { message, detail } = error?.message ? wordsOf(error) : { message: t("error.broken") };
  return new Failure(message, { code: error?.code ?? null, detail });
}

export const cutOff = () => new Failure(t("error.cut"));

const unreachable = () => new Failure(t("error.unreachable"));

/** Whether an address is this server's: the key is sent to no other server. */
const isOurs = (path) => new URL(path, document.baseURI).origin === location.origin;

/**
 * Send a request and return its response if it succeeded.
 *
 * @param options those of fetch, and whether the page asks for a key after a 401
 * @returns the response; throws a Failure, or the signal's AbortError
 */
export async function ask(path, { asksForKey = true, ...options } = {}) {
  let response;
  try {
    const key = isOurs(path) ? authorisation() : {};
    response = await fetch(path, { ...options, headers: { ...options.headers, ...key } });
  } catch (error) {
    throw error.name === "AbortError" ? error : unreachable();
  }
  if (!response.ok) {
    throw failureOf(response.status, await response.text(), response.headers.get("retry-after"), asksForKey);
  }
  return response;
}

export async function getJson(path, signal) {
  return (await ask(path, { signal })).json();
}

/** The response to a JSON body; throws a Failure, or the signal's AbortError. */
export function postJson(path, body, signal) {
  const headers = { "content-type": "application/json" };
  return ask(path, { method: "POST", headers, body: JSON.stringify(body), signal });
}

/**
 * Send a form; not with fetch, which cannot report the progress of an upload.
 *
 * @param onUpload called with the part of the form that has been sent, 0 to 1
 * @param onText called with each new piece of the response
 * @returns the response's text; throws a Failure, or an AbortError
 */
export function postForm(path, form, { signal, onUpload = () => {}, onText = () => {} }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let received = 0;
    const report = () => {
      if (request.status === 200 && request.responseText.length > received) {
        const piece = request.responseText.slice(received);
        received = request.responseText.length;
        onText(piece);
      }
    };
    request.open("POST", path);
    Object.entries(authorisation()).forEach(([name, value]) => request.setRequestHeader(name, value));
    request.upload.addEventListener("progress", (event) => event.lengthComputable && onUpload(event.loaded / event.total));
    request.addEventListener("progress", report);
    request.addEventListener("load", () => {
      if (request.status === 200) {
        report();
        resolve(request.responseText);
      } else {
        reject(failureOf(request.status, request.responseText, request.getResponseHeader("retry-after")));
      }
    });
    request.addEventListener("error", () => reject(received > 0 ? cutOff() : unreachable()));
    request.addEventListener("abort", () => reject(new DOMException("Aborted.", "AbortError")));
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}
