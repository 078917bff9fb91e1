const HOME = "/account";

/** The address of the sign-in page that leads on to `path`. */
export function signInFor(path: string): string {
  return `/sign-in?${new URLSearchParams({ to: path })}`;
}

/** Where somebody wanted to go. A link from elsewhere can say anything: only a path of this page is followed. */
export function destinationOf(to: string | null): string {
  const url = to === null ? null : URL.parse(to, location.origin);
  if (url === null || url.origin !== location.origin) return HOME;
  return url.pathname.startsWith("//") ? HOME : url.pathname + url.search + url.hash;
}
