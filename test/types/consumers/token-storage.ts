import { createAuthClient, type SessionState, type TokenStorage } from "@latchkey/client";

let kept: string | null = null;

export const storage = {
  read: () => kept,
  write: (value) => {
    kept = value;
  },
} satisfies TokenStorage;

export const native = createAuthClient({ baseURL: "https://api.example.com/auth", storage });

export const exchange = (code: string, codeVerifier: string) =>
  native.signIn.exchange({ code, codeVerifier });

export const refresh = async () => {
  const result = await native.refresh();
  return result.ok ? result.data : result;
};

export const watch = (listen: (state: SessionState) => void) => native.session.subscribe(listen);
