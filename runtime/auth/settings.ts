import type { Topology } from '../config/topology.ts';
import type { RateLimits } from './limits/rules.ts';

/** One enabled service, in the words that people read. */
export interface ServiceSettings {
  /** As in the topology, the route and the scope `mcp:<name>`. */
  name: string;
  title: string;
  description: string;
}

export interface GithubSettings {
  kind: 'github';
  clientId: string;
  clientSecret: string;
  /** `https://github.com`, or the origin of an Enterprise server. */
  baseUrl: string;
  /** Default: `https://api.github.com` for github.com, `<baseUrl>/api/v3` otherwise. */
  apiUrl?: string;
  /** Logins, any case. `*` alone: anybody who can sign in. Nobody is allowed by an empty list. */
  allowedUsers: string[];
  /** Organisations whose members are allowed, too. */
  allowedOrgs?: string[];
  /** `organisation/team`, whose members are allowed, too. */
  allowedTeams?: string[];
}

export interface OidcSettings {
  kind: 'oidc';
  /** As the issuer writes itself, a slash at its end included. */
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** For people: "Continue with <title>". */
  title: string;
  /** Beside `openid`. */
  scopes: string[];
  /** Name of the claim with the person's groups, or the way to it with dots; without it there are none. */
  groupsClaim?: string;
  /** Verified addresses; `*` alone: anybody whom the issuer signs in. Nobody is allowed by empty lists. */
  allowedEmails: string[];
  /** Domains of verified addresses; with Google, of its organisations. */
  allowedDomains: string[];
  allowedGroups: string[];
}

export interface PassphraseSettings {
  kind: 'passphrase';
  /** From `hashPassphrase`. */
  hash: string;
  ownerName: string;
}

export interface LocalSettings {
  kind: 'local';
  /** The one person of this machine. */
  userName: string;
  /** The gateway is reached through a loopback address alone, whatever name it has. */
  loopbackOnly?: boolean;
}

export type IdentityProviderSettings = GithubSettings | OidcSettings | PassphraseSettings | LocalSettings;

/** Everything that the authorization server is told; the configuration makes it, tests write it by hand. */
export interface AuthSettings {
  /** The issuer and every URL that is told to anybody. */
  topology: Topology;
  /** The enabled services. */
  services: ServiceSettings[];
  /** `GATEWAY_JWT_SECRET`; every symmetric key is derived from it. */
  rootSecret: string;
  /** PEM of an RSA private key that seeds an empty key set; without it a key is generated. */
  seedPrivateKeyPem?: string;
  accessTokenLifetimeSeconds: number;
  /** A signing key of this age gets a successor. 0 or absent: never. */
  keyRotationDays?: number;
  /** Counted from the last use. */
  refreshTokenLifetimeSeconds: number;
  /** 0: a registration never ends. */
  clientLifetimeSeconds: number;
  /** How long a browser stays signed in after its last use. */
  sessionTimeoutSeconds: number;
  /** Whether clients of the operator get tokens for themselves (`client_credentials`). */
  clientCredentials?: boolean;
  /** How long a used refresh token gets its answer again. */
  refreshGraceSeconds: number;
  /** Origins for browser-based clients; `*` for all of them. Never with credentials. */
  corsOrigins: string[];
  /** The initial access token that registering needs (RFC 7591 §3); without it anybody may register. */
  registrationToken?: string;
  /** Hosts whose client ID metadata documents are taken; `*` for all of them. Absent or empty: none. */
  clientDocumentDomains?: string[];
  /** Redirect URIs with an undotted scheme that may register, compared exactly. */
  privateUseRedirects: string[];
  /** At least one. With several, the person chooses on the consent page. */
  identityProviders: IdentityProviderSettings[];
  documents: { serviceDocumentation?: string; policyUri?: string; tosUri?: string };
  /** Addresses and CIDR ranges of proxies in front of the edge, which say in `X-Forwarded-For` whom they speak for. */
  trustedProxies?: string[];
  /** Instead of those of `limits/rules.ts`. */
  rateLimits?: RateLimits;
  /** The rules' own limits are multiplied by it; 0: nothing is limited. Default: 1. */
  rateLimitFactor?: number;
}
