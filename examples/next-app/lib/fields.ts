import type { Field } from "../components/action-form.tsx";

export const emailField: Field = { name: "email", label: "E-mail", type: "email", autoComplete: "email" };

export const passwordField: Field = {
  name: "password",
  label: "Password",
  type: "password",
  autoComplete: "current-password",
};

export const newPasswordField: Field = {
  name: "newPassword",
  label: "New password",
  type: "password",
  autoComplete: "new-password",
  hint: "At least 8 characters.",
};

export const codeField: Field = {
  name: "code",
  label: "Code",
  type: "text",
  autoComplete: "one-time-code",
  hint: "The six digits of the message.",
};
