/** Sends a request. Headers describe the cookies of the answer, because scripts cannot read them. */
export async function send(path, { method = "GET", body } = {}) {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const init = { method, headers, cache: "no-store", body: body === undefined ? null : JSON.stringify(body) };
  const response = await fetch(path, init).catch(() => null);
  if (response === null) return { ok: false, status: 0, data: null, isNew: false, expiresIn: null };
  const data = await response.json().catch(() => null);
  const expiresIn = data?.expires_in ?? response.headers.get("demo-expires-in");
  return {
    ok: response.ok,
    status: response.status,
    data,
    isNew: response.headers.has("demo-refresh-token"),
    expiresIn: expiresIn === null ? null : Number(expiresIn),
  };
}

/** The message for a request that failed. */
export function faultOf({ data }) {
  return data?.message ?? "The server does not answer.";
}
