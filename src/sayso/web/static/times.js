/** Times in the format of a clock. */

const two = (number) => String(number).padStart(2, "0");

/** "3:04", or "1:03:04" from an hour on. */
export function minutes(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(whole / 3600);
  const rest = `${Math.floor((whole % 3600) / 60)}:${two(whole % 60)}`;
  return hours > 0 ? `${hours}:${rest.padStart(5, "0")}` : rest;
}
