/** Follow the changes of a job over connections that may break. */

import { ask } from "./api.js";
import { EventParser, eventsOf } from "./sse.js";

const LONGEST_PAUSE_SECONDS = 30;

/** Wait, or throw the signal's AbortError. */
function pause(seconds, signal) {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
  });
}

/** The pause after so many failures in a row: twice as long each time, minus a random part of up to half. */
function backoff(failures) {
  return Math.min(LONGEST_PAUSE_SECONDS, 2 ** (failures - 1)) * (1 - Math.random() / 2);
}

/** Whether a retry can help: not when the server refuses the request. */
const mayPass = (error) => !(error.status >= 400 && error.status < 500 && error.status !== 429);

/**
 * Follow a job to its end. A connection that breaks is made again, and continues after the last event.
 *
 * Uses fetch, because EventSource cannot send the key.
 *
 * @param path of its events
 * @param signal cancels it
 * @param onChange called with the data of each event: the job's state now, and after each change; returns whether that
 *   is its end
 * @param onBreak called when the connection has broken, before it is made again
 * @throws the signal's AbortError, or the Failure of a job that cannot be followed
 */
export async function follow(path, { signal, onChange, onBreak }) {
  let lastId = null;
  let failures = 0;
  for (;;) {
    const parser = new EventParser();
    let wanted = 0;
    try {
      const headers = lastId === null ? {} : { "last-event-id": lastId };
      const response = await ask(path, { headers, signal });
      if (response.status === 204) {
        return; // the last event was sent before
      }
      for await (const data of eventsOf(response, parser)) {
        failures = 0;
        lastId = parser.lastId;
        signal.throwIfAborted(); // events that arrive together are handled one by one
        if (onChange(data)) {
          return;
        }
      }
    } catch (error) {
      if (signal.aborted || !mayPass(error)) {
        throw error;
      }
      wanted = error.retryAfterSeconds ?? 0;
    }
    signal.throwIfAborted();
    failures += 1;
    onBreak();
    await pause(Math.max(wanted, backoff(failures)), signal);
  }
}
