import type { Entry } from "./entry-form.tsx";

const ADDRESS = "Enter an e-mail address, such as ada@example.com.";

/** The address of a person that has no account in this browser yet, or forgot the password. */
export const emailEntry: Entry = {
  name: "email",
  label: "E-mail address",
  type: "email",
  autoComplete: "email",
  missing: ADDRESS,
};

/** The address that belongs to a password. */
export const usernameEntry: Entry = { ...emailEntry, autoComplete: "username" };

export const passwordEntry: Entry = {
  name: "password",
  label: "Password",
  type: "password",
  autoComplete: "current-password",
  missing: "Enter a password.",
};

/** Without the check, the session ends with the browser. */
export const rememberEntry: Entry = {
  name: "remember",
  label: "Keep me signed in",
  type: "checkbox",
  autoComplete: "off",
};

export const currentPasswordEntry: Entry = {
  ...passwordEntry,
  name: "currentPassword",
  label: "Current password",
};

export const newPasswordEntry: Entry = {
  name: "newPassword",
  label: "New password",
  type: "password",
  autoComplete: "new-password",
  hint: "8 characters or more. A few words are easy to remember.",
  missing: "Enter a password.",
};

export const codeEntry: Entry = {
  name: "code",
  label: "Code",
  type: "code",
  autoComplete: "one-time-code",
  hint: "The six digits of the message.",
  missing: "Enter the six digits of the message.",
};
