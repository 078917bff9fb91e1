export function GET(): Response {
  const headers = new Headers({
    "cache-control": "public, s-maxage=600",
    "cdn-cache-control": "max-age=600",
    vary: "Accept-Language",
  });
  headers.append("set-cookie", "a=1; Path=/");
  headers.append("set-cookie", "b=2; Path=/");
  return new Response("public", { headers });
}
