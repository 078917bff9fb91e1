import { createValidator } from "@latchkey/core/validator";

export const validator = createValidator<{ readonly role: "reader" | "admin" }>({
  jwksUrl: "https://app.example.com/auth/jwks",
  issuer: "https://app.example.com",
});

export const { validate } = validator;

export async function roleOf(request: Request) {
  const found = await validator.validate(request);
  return found.ok ? found.session.context.role : found.status;
}

export const found = (request: Request) => createValidator({ jwksUrl: "", issuer: "" }).validate(request);
