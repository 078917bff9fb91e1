/** The origin that the browser sees. `request.url` does not tell it: Next builds that URL from the address it listens on. */
export function originOf(headers: Headers): string {
  const scheme = headers.get("x-forwarded-proto") === "https" ? "https" : "http";
  return URL.parse(`${scheme}://${headers.get("host")}`)?.origin ?? "http://invalid";
}

/** The same request at the URL that the browser sees. `init` replaces the method, the headers and the body. */
export function atPublicUrl(request: Request, init: RequestInit = request): Request {
  const { pathname, search } = new URL(request.url);
  return new Request(originOf(request.headers) + pathname + search, init);
}
