/** Asking the API: the key, the requests, and what went wrong. */

const KEY_NAME = "sayso.key";

/** What the API, or the way to it, answered in place of a result. */
export class Failure extends Error {
  constructor(message, { status = 0, retryAfterSeconds = null } = {}) {
    super(message);
    this.name = "Failure";
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

let keyWanted = () => {};

/** Have `callback` called with the server's message whenever it refuses the key, or the lack of one. */
export function whenKeyWanted(callback) {
  keyWanted = callback;
}

export function keepKey(key) {
  sessionStorage.setItem(KEY_NAME, key);
}

function authorisation() {
  const key = sessionStorage.getItem(KEY_NAME);
  return key ? { authorization: `Bearer ${key}` } : {};
}

/** The failure that an error's body and headers tell of; a refused key is asked for, unless that is not wanted. */
function failureOf(status, body, retryAfter, asksForKey = true) {
  let message;
  try {
    message = JSON.parse(body).error.message;
  } catch {
    message = `The server answered ${status}.`; // a proxy in between answers in its own words
  }
  const seconds = retryAfter === null ? NaN : Number(retryAfter);
  const failure = new Failure(message, { status, retryAfterSeconds: Number.isFinite(seconds) ? seconds : null });
  if (status === 401 && asksForKey) {
    keyWanted(message);
  }
  return failure;
}

/** The failure of an `error` event in the middle of a stream. */
export function failureOfEvent(event) {
  return new Failure(event.error?.message ?? "The server failed while it answered.");
}

export const cutOff = () => new Failure("The connection was lost before the answer was whole.");

const unreachable = () => new Failure("The server cannot be reached.");

/** Whether an address is this server's: the key is for nobody else. */
const isOurs = (path) => new URL(path, document.baseURI).origin === location.origin;

/**
 * The response to a request, once it is known to be good.
 *
 * @param options fetch's, and whether a 401 is to have the page ask for a key
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
 * Send a form; fetch cannot say how far an upload is.
 *
 * @param onUpload called with the part of the form that has been sent, 0 to 1
 * @param onText called with each new piece of the answer
 * @returns the answer's text; throws a Failure, or an AbortError
 */
export function postForm(path, form, { signal, onUpload = () => {}, onText = () => {} }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let told = 0;
    const tell = () => {
      if (request.status === 200 && request.responseText.length > told) {
        const piece = request.responseText.slice(told);
        told = request.responseText.length;
        onText(piece);
      }
    };
    request.open("POST", path);
    Object.entries(authorisation()).forEach(([name, value]) => request.setRequestHeader(name, value));
    request.upload.addEventListener("progress", (event) => event.lengthComputable && onUpload(event.loaded / event.total));
    request.addEventListener("progress", tell);
    request.addEventListener("load", () => {
      if (request.status === 200) {
        tell();
        resolve(request.responseText);
      } else {
        reject(failureOf(request.status, request.responseText, request.getResponseHeader("retry-after")));
      }
    });
    request.addEventListener("error", () => reject(told > 0 ? cutOff() : unreachable()));
    request.addEventListener("abort", () => reject(new DOMException("Given up.", "AbortError")));
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

/** What to tell people about an error; null for one that they brought about themselves by stopping. */
export function explain(error) {
  if (error.name === "AbortError") {
    return null;
  }
  if (error.retryAfterSeconds === null || error.retryAfterSeconds === undefined) {
    return error.message;
  }
  const seconds = error.retryAfterSeconds;
  const when = new Date(Date.now() + seconds * 1000).toLocaleTimeString();
  return `${error.message} Try again in ${seconds} ${seconds === 1 ? "second" : "seconds"}, at ${when}.`;
}
