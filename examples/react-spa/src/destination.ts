const HOME = "/account";

/** The address of the sign-in page that leads to `path` after a sign-in. */
export function signInFor(path: string): string {
  return `/sign-in?${new URLSearchParams({ to: path })}`;
}

/** The page to show after a sign-in. A link of another site can have any value, so only paths of this origin are used. */
export function destinationOf(to: string | null): string {
  const url = to === null ? null : URL.parse(to, location.origin);
  if (url === null || url.origin !== location.origin) return HOME;
  return url.pathname.startsWith("//") ? HOME : url.pathname + url.search + url.hash;
}
