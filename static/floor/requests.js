// Requests to the server.
import { root } from "floor/dom";

const PATIENCE_MS = 15_000;

// Returns our server's response, or null; pages of a hotel network or a proxy count as none.
export const ask = async (path, options = {}) => {
  const headers = { Accept: "application/json", ...options.headers };
  try {
    const response = await fetch(root + path, {
      cache: "no-store", redirect: "error", signal: AbortSignal.timeout(PATIENCE_MS),
      ...options, headers,
    });
    if (response.status === 304) return { status: 304, body: null, response };
    return { status: response.status, body: await response.json(), response };
  } catch {
    return null;
  }
};
