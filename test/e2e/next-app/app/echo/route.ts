export function GET(request: Request): Response {
  return Response.json(Object.fromEntries(request.headers));
}
