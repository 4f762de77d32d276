// Talking to the server: JSON, the token if one is asked for, and the stream of changes.

const KEY = "tautline-token";

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Keeps the token for this tab. */
export function keepToken(token) {
  sessionStorage.setItem(KEY, token);
}

export function hasToken() {
  return Boolean(sessionStorage.getItem(KEY));
}

async function ask(path, options = {}) {
  const token = sessionStorage.getItem(KEY);
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const response = await fetch(path, { ...options, headers, cache: "no-store" });
  if (!response.ok) throw new Refused(response.status, (await response.text()).trim());
  return response;
}

export async function getApps() {
  return (await ask("/api/apps")).json();
}

export async function getApp(namespace, name) {
  return (await ask(`/api/apps/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`)).json();
}

/**
 * Calls back with "namespace/name" for every change, and with null whenever anything may have changed
 * unseen. Goes on for ever; `onState` hears "live", "lost" and "token". EventSource cannot send a token, so the
 * stream is read by hand.
 */
export async function followChanges(onChange, onState) {
  for (let failures = 0; ; failures++) {
    try {
      const response = await ask("/api/changes");
      onState("live");
      onChange(null);
      failures = 0;
      await readEvents(response.body, onChange);
    } catch (problem) {
      if (problem.status === 401) {
        onState("token");
        return;
      }
    }
    onState("lost");
    await new Promise((done) => setTimeout(done, Math.min(500 * 2 ** failures, 10000)));
  }
}

async function readEvents(body, onChange) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const data = line.startsWith("data:") ? line.slice(5).trim() : "";
      if (data) onChange(data);
    }
  }
}
