/** What a page gets. */
export interface PageProps {
  readonly searchParams: Promise<Readonly<Record<string, string | readonly string[] | undefined>>>;
}

/** The token of the link that opened the page; null without one. */
export async function tokenOf({ searchParams }: PageProps): Promise<string | null> {
  const { token } = await searchParams;
  return typeof token === "string" ? token : null;
}
