/** Opens a list of jobs when it is first needed. */

import { PAGE, pageOf } from "./list-page.js";
import { LiveList } from "./live-list.js";

const NOTHING = { jobs: [], hasMore: false, skewMs: 0 };

/**
 * Open a list for the current key, which may have other jobs than the one before, or none.
 *
 * @param list the list; null before it is first needed
 * @param kind see LiveList
 * @param unfold called when it is first needed, before it is made: adds its elements to the page
 * @returns the list; null if it is not needed yet
 */
export async function openList(list, kind, isServed, unfold) {
  let page = NOTHING;
  let failure = null;
  try {
    page = isServed ? await pageOf(kind, `limit=${PAGE}`, { asksForKey: false }) : NOTHING;
  } catch (error) {
    failure = error;
  }
  const isOpen = isServed && ![401, 403, 404].includes(failure?.status); // a key for speech need not be one for jobs
  if (list === null && !isOpen) {
    return null;
  }
  if (list === null) {
    unfold();
  }
  const opened = list ?? new LiveList(kind);
  opened.isOpen = isOpen;
  opened.fail(isOpen ? failure : null);
  opened.restart(page);
  return opened;
}
