/** Where the browser believes it is. The URL of a request is no word on that: Next makes it from what it listens on. */
export function originOf(headers: Headers): string {
  const scheme = headers.get("x-forwarded-proto") === "https" ? "https" : "http";
  return URL.parse(`${scheme}://${headers.get("host")}`)?.origin ?? "http://invalid";
}

/** The request at the address that the browser has for it; with its body, unless `init` leaves that out. */
export function located(request: Request, init: RequestInit = request): Request {
  const { pathname, search } = new URL(request.url);
  return new Request(originOf(request.headers) + pathname + search, init);
}
