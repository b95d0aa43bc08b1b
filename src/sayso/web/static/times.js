/** Times in words and in the format of a clock. */

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
  return at.toLocaleString([], isToday ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
}

/** How long a job has been running, in words; null if it has not started. */
export function elapsed(started, finished, nowMs) {
  if (started === null) {
    return null;
  }
  const time = minutes(((finished === null ? nowMs : Date.parse(finished)) - Date.parse(started)) / 1000);
  return finished === null ? `for ${time} now` : `took ${time}`;
}
