export type { AuthorizationParams } from "./oauth/parameters.ts";
export type { GetJson } from "./oauth/plain.ts";
export type { Profile } from "./oauth/profile.ts";
export type {
  EmailTrust,
  EndSessionRequest,
  GivenIdToken,
  IdentifiedAccount,
  OAuthAnswer,
  OAuthConnection,
  OAuthFlow,
  OAuthProvider,
  ProviderLogout,
  TrustEmail,
} from "./oauth/provider.ts";
export { type AppleOptions, apple } from "./oauth/providers/apple.ts";
export { type ArcticClient, type ArcticOptions, arcticProvider } from "./oauth/providers/arctic.ts";
export { discord } from "./oauth/providers/discord.ts";
export { facebook } from "./oauth/providers/facebook.ts";
export { github } from "./oauth/providers/github.ts";
export { type GitLabOptions, gitlab } from "./oauth/providers/gitlab.ts";
export { type GoogleOptions, google } from "./oauth/providers/google.ts";
export { type KeycloakOptions, keycloak } from "./oauth/providers/keycloak.ts";
export { linkedin } from "./oauth/providers/linkedin.ts";
export { type MicrosoftOptions, microsoft } from "./oauth/providers/microsoft.ts";
export { type OidcOptions, oidc } from "./oauth/providers/oidc.ts";
export type {
  ConfidentialOptions,
  IdTokenOptions,
  LogoutOptions,
  ProviderOptions,
  WithoutOptions,
} from "./oauth/providers/options.ts";
export { type SlackOptions, slack } from "./oauth/providers/slack.ts";
export { twitch } from "./oauth/providers/twitch.ts";
export { x } from "./oauth/providers/x.ts";
export type { Env } from "./platform/env.ts";
export type { ProviderAccount, ProviderTokens } from "./users/user.ts";
