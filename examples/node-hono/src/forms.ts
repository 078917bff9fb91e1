/** A form that sends its fields, and the token of the page's address, to one route. */
export interface Form {
  readonly title: string;
  readonly action: string;
  readonly method?: "POST" | "DELETE";
  readonly fields: readonly Field[];
  readonly submit: string;
  readonly isDangerous?: boolean;
  /** Whether it ends every session of the user, so that the page has to ask whether that of this browser has ended. */
  readonly endsSessions?: boolean;
  /** What the page says after it; it is left out if the page opens another one. */
  readonly done?: string;
  /** The path that the page opens after it. */
  readonly next?: string;
}

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly type: "email" | "password" | "text";
  readonly autocomplete: string;
  readonly hint?: string;
  readonly isOptional?: boolean;
}

/** A page of forms. */
export interface FormPage {
  readonly path: string;
  readonly title: string;
  readonly lead: string;
  /** Whether the forms send the token of the link that opened the page. */
  readonly needsToken?: boolean;
  readonly forms: readonly Form[];
}

const EMAIL: Field = { name: "email", label: "E-mail", type: "email", autocomplete: "email" };
const CURRENT: Field = {
  name: "currentPassword",
  label: "Current password",
  type: "password",
  autocomplete: "current-password",
};
const NEW: Field = {
  name: "newPassword",
  label: "New password",
  type: "password",
  autocomplete: "new-password",
  hint: "8 characters or more.",
};
const CODE: Field = {
  name: "code",
  label: "Code",
  type: "text",
  autocomplete: "one-time-code",
  hint: "The six digits of the message.",
};
const SENT = "If this address has an account, a message to it is in the inbox.";

const byLink: readonly FormPage[] = [
  {
    path: "/reset-password",
    title: "Set a new password",
    lead: "Every device that is signed in to your account is signed out.",
    needsToken: true,
    forms: [
      {
        title: "Your new password",
        action: "/auth/password/reset",
        fields: [NEW],
        submit: "Set password",
        endsSessions: true,
        done: "The password is set. Sign in with it on the first page.",
      },
    ],
  },
  {
    path: "/verify-email",
    title: "Confirm your address",
    lead: "Press the button if you signed up with this address.",
    needsToken: true,
    forms: [
      {
        title: "This address is yours",
        action: "/auth/email/verify",
        fields: [
          {
            name: "password",
            label: "Password, if you are not signed in here",
            type: "password",
            autocomplete: "current-password",
            hint: "Without it, a password that another person may have set is removed.",
            isOptional: true,
          },
        ],
        submit: "Confirm address",
        done: "The address is confirmed.",
      },
    ],
  },
  {
    path: "/confirm-email",
    title: "Confirm your new address",
    lead: "After that, you sign in with the new address.",
    needsToken: true,
    forms: [
      {
        title: "This address is yours",
        action: "/auth/email/change/confirm",
        fields: [],
        submit: "Use this address",
        done: "Your account has the new address.",
      },
    ],
  },
  {
    path: "/undo-email-change",
    title: "Restore your address",
    lead: "Press the button if you did not change the address of your account.",
    needsToken: true,
    forms: [
      {
        title: "Undo the change",
        action: "/auth/email/change/undo",
        fields: [],
        submit: "Restore address",
        endsSessions: true,
        isDangerous: true,
        done: "Your account has its earlier address. Every device is signed out. Set a new password now.",
      },
    ],
  },
  {
    path: "/sign-in/link",
    title: "Sign in with your link",
    lead: "The link is valid once.",
    needsToken: true,
    forms: [
      { title: "In this browser", action: "/auth/link/confirm", fields: [], submit: "Sign in", next: "/" },
    ],
  },
];

/** The pages that messages open, and those that ask for messages. */
export const formPages: readonly FormPage[] = [
  ...byLink,
  {
    path: "/forgot-password",
    title: "Forgotten password",
    lead: "You get a message with a link to set a new one.",
    forms: [
      {
        title: "Your address",
        action: "/auth/password/forgot",
        fields: [EMAIL],
        submit: "Send link",
        done: SENT,
      },
    ],
  },
  {
    path: "/sign-in/mail",
    title: "Sign in by mail",
    lead: "You need no password, only your mailbox.",
    forms: [
      { title: "With a link", action: "/auth/link", fields: [EMAIL], submit: "Send link", done: SENT },
      { title: "With a code", action: "/auth/code", fields: [EMAIL], submit: "Send code", done: SENT },
      {
        title: "Your code",
        action: "/auth/code/confirm",
        fields: [EMAIL, CODE],
        submit: "Sign in",
        next: "/",
      },
    ],
  },
  {
    path: "/account",
    title: "Your account",
    lead: "For changes of the account, the server asks for your password if you signed in long ago.",
    forms: [
      {
        title: "Confirm your address",
        action: "/auth/email/verify/request",
        fields: [],
        submit: "Send link",
        done: "A message is in the inbox, unless the address is confirmed already.",
      },
      {
        title: "Change your address",
        action: "/auth/email/change",
        fields: [{ ...EMAIL, label: "New e-mail" }],
        submit: "Send link",
        done: "A message to the new address is in the inbox. Nothing changes before you confirm it.",
      },
      {
        title: "Change your password",
        action: "/auth/password/change",
        fields: [CURRENT, NEW],
        submit: "Change password",
        done: "The password is changed, and your other devices are signed out.",
      },
      {
        title: "Delete your account",
        action: "/auth/account",
        method: "DELETE",
        fields: [],
        submit: "Delete account",
        isDangerous: true,
        next: "/",
      },
    ],
  },
];
