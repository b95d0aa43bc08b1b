/** Pages of a list of jobs. */

import { ask } from "./api.js";

export const PAGE = 20; // jobs

/** A page of the list, and by how much the server's clock is ahead of this one; throws a Failure. */
export async function pageOf(kind, query, options) {
  const response = await ask(`${kind.path}?${query}`, options);
  const date = Date.parse(response.headers.get("date"));
  return { ...kind.jobsOf(await response.json()), skewMs: Number.isNaN(date) ? 0 : date - Date.now() };
}
