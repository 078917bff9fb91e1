import { createHash, randomUUID } from "node:crypto";
import type { Arrival } from "./drive.ts";
import type { Members } from "./forged-token.ts";
import { bytes, html, json, type Reply, redirect } from "./replies.ts";
import { type Answer, discoveryDocument, type Endpoint, type Recorded } from "./rig-endpoints.ts";

/** What a code stands for. */
export interface Grant {
  readonly clientId: string;
  readonly redirectUri: string | null;
  readonly nonce: string | null;
  readonly challenge: string | null;
}

/** What the answers know and share. */
export interface Scene {
  readonly issuer: string;
  readonly jwks: () => readonly unknown[];
  readonly person: () => Members;
  readonly idToken: (grant: Grant, accessToken: string) => string;
  readonly authorize: (query: URLSearchParams) => Arrival;
  /** By code; a code is taken once. */
  readonly grants: Map<string, Grant>;
  readonly accessTokens: Set<string>;
}

/** An OpenID provider, GitHub and Discord as they behave on a good day. */
export function defaultAnswers(scene: Scene): Readonly<Record<Endpoint, Answer>> {
  const forBearer = (request: Recorded, value: () => unknown): Reply => {
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1] ?? "";
    if (!scene.accessTokens.has(token)) return json({ error: "invalid_token" }, 401);
    // GitHub answers nobody who does not say their name.
    return request.headers["user-agent"] === undefined ? bytes(403, {}, "no user agent") : json(value());
  };
  return {
    discovery: () => json(discoveryDocument(scene.issuer)),
    authorize: ({ query }) => arrivalReply(scene.authorize(query)),
    jwks: () => json({ keys: scene.jwks() }),
    token: ({ form }) => {
      const grant = redeem(scene, form);
      if (grant === null) return json({ error: "invalid_grant" }, 400);
      const accessToken = newAccessToken(scene);
      const tokens = { access_token: accessToken, token_type: "Bearer", expires_in: 300 };
      const refreshToken = `provider-refresh-${randomUUID()}`;
      return json({ ...tokens, refresh_token: refreshToken, id_token: scene.idToken(grant, accessToken) });
    },
    userinfo: (request) => forBearer(request, scene.person),
    githubToken: (request) => {
      const tokens: Record<string, string> =
        redeem(scene, request.form) === null
          ? { error: "bad_verification_code", error_description: "The code passed is incorrect or expired." }
          : { access_token: newAccessToken(scene), token_type: "bearer", scope: "read:user,user:email" };
      const isJson = request.headers.accept?.includes("application/json") === true;
      const type = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
      return isJson ? json(tokens) : bytes(200, type, new URLSearchParams(tokens).toString());
    },
    githubUser: (request) =>
      forBearer(request, () => ({ id: 583_231, login: "ann", name: scene.person()["name"], email: null })),
    githubEmails: (request) =>
      forBearer(request, () => [
        { email: "old@example.com", primary: false, verified: true, visibility: null },
        {
          email: scene.person()["email"],
          primary: true,
          verified: scene.person()["email_verified"],
          visibility: "private",
        },
      ]),
    discordUser: (request) =>
      forBearer(request, () => {
        const { email, email_verified: verified, name } = scene.person();
        return { id: "80351110224678912", username: "ann", global_name: name, email, verified };
      }),
  };
}

function newAccessToken(scene: Scene): string {
  const token = `provider-access-${randomUUID()}`;
  scene.accessTokens.add(token);
  return token;
}

/** Takes the code out of the scene, whatever else is wrong with the request. */
function redeem(scene: Scene, form: URLSearchParams): Grant | null {
  const code = form.get("code") ?? "";
  const grant = scene.grants.get(code);
  scene.grants.delete(code);
  if (grant === undefined || grant.redirectUri !== form.get("redirect_uri")) return null;
  const verifier = form.get("code_verifier");
  if (grant.challenge === null) return verifier === null ? grant : null;
  return grant.challenge === s256(verifier ?? "") ? grant : null;
}

/** The S256 challenge of a verifier: RFC 7636 4.2. */
export function s256(verifier: string): string {
  return createHash("sha256").update(verifier).digest("base64url");
}

function arrivalReply(arrival: Arrival): Reply {
  if (arrival.method === "GET") return redirect(arrival.url);
  const fields = [...arrival.body].map(
    ([name, value]) => `<input type="hidden" name="${name}" value="${escaped(value)}">`,
  );
  return html(200, `<form method="post" action="${escaped(arrival.url)}">${fields.join("")}</form>`);
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}
