// Asking the server: JSON in, or an error whose message can be shown as it is.

/** A refusal or failure, in words for the reader. */
export class Problem extends Error {}

/**
 * Gets JSON.
 * @param {string} path such as `/api/v1/about`
 * @param {URLSearchParams} [params]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 * @throws {Problem} with the server's own words where it gave some; an abort passes through unchanged
 */
export async function getJson(path, params, signal) {
  const query = params && params.size > 0 ? `?${params}` : '';
  let response;
  try {
    response = await fetch(path + query, { signal, headers: { accept: 'application/json' } });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new Problem('The server cannot be reached. Check the connection and try again.');
  }
  if (response.ok) return response.json();
  if (response.status === 401) throw new Problem('Your session has ended. Go to the start page and sign in again.');
  const body = await response.json().catch(() => ({}));
  throw new Problem(body.detail || body.title || `The server answered ${response.status}.`);
}
