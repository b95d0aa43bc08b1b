/** Times in words and in the format of a clock. */

import { language, t } from "./language.js";

const two = (number) => String(number).padStart(2, "0");

/** "3:04", or "1:03:04" from an hour on. */
export function minutes(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const rest = `${Math.floor((whole % 3600) / 60)}:${two(whole % 60)}`;
  return hours > 0 ? `${hours}:${rest.padStart(5, "0")}` : rest;
}

/** A time in its shortest form. */
export function when(time) {
  const at = new Date(time);
  const isToday = at.toDateString() === new Date().toDateString();
  return at.toLocaleString(language, isToday ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
}

/** How long a job has been running, in words; null if it has not started. */
export function elapsed(started, finished, nowMs) {
  if (started === null) {
    return null;
  }
  const time = minutes(((finished === null ? nowMs : Date.parse(finished)) - Date.parse(started)) / 1000);
  return t(finished === null ? "time.running" : "time.took", { time });
}

/** A length that is estimated, without seconds that it does not know: "about 1:20". */
export function about(seconds) {
  const step = seconds < 60 ? 5 : seconds < 600 ? 10 : 60;
  return t("time.about", { time: minutes(Math.max(step, Math.round(seconds / step) * step)) });
}

/** The time left in words, without "about" where it is known; null where it cannot be estimated. */
export function timeLeft(seconds, { isKnown = false } = {}) {
  const isShown = Number.isFinite(seconds) && seconds >= 0;
  return isShown ? t("time.left", { time: isKnown ? minutes(Math.ceil(seconds)) : about(seconds) }) : null;
}

const SURE_SHARE = 0.02; // before that much is done, and so many seconds, an estimate would jump
const SURE_SECONDS = 3;

/** The seconds that are left when a share (0 to 1) took so many seconds; NaN where that says nothing yet. */
export function secondsLeft(share, seconds) {
  return share >= SURE_SHARE && share <= 1 && seconds >= SURE_SECONDS ? (seconds * (1 - share)) / share : NaN;
}
