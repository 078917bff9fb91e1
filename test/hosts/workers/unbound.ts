import { createValidator } from "@latchkey/core/validator";

// `fetch` of workerd throws "Illegal invocation" if it is called as a method of another object.
const { validate } = createValidator({
  jwksUrl: "https://app.example.com/auth/jwks",
  issuer: "https://app.example.com",
  env: { fetch },
});

const worker: { fetch(request: Request): Promise<Response> } = {
  async fetch(request) {
    const found = await validate(request);
    return Response.json(found.ok ? { ok: true, userId: found.userId } : { ok: false, code: found.code });
  },
};
export default worker;
