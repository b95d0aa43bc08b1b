/** The clipboard. */

/** Copy a text; returns false where the page may not, as without HTTPS. */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    return false;
  }
  return true;
}
