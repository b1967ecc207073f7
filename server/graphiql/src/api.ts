/** Requests to the portal's API, which is at the address of the page. */

import { type ExecutionResult, Kind, parse } from "graphql";

import { language } from "./language";
import type { Session } from "./session";
import { texts } from "./texts";

export interface Params {
  query: string;
  operationName?: string | null;
  variables?: unknown;
}

export type Answer<Data = Record<string, unknown>> = ExecutionResult<Data>;

/** Answer of the API. The given headers replace those of the page, such as the session's Authorization. */
export async function ask<Data = Record<string, unknown>>(
  params: Params,
  token: string | null = null,
  headers: Record<string, string> = {},
): Promise<Answer<Data>> {
  const sent = headersOf(token, headers);
  const response = await fetch(location.pathname, { method: "POST", headers: sent, body: JSON.stringify(params) });
  if (!/^application\/(?:graphql-response\+)?json\b/.test(response.headers.get("Content-Type") ?? "")) {
    // A proxy answered, not the portal.
    throw new Error(`${texts.unreachable} ${response.status} ${response.statusText}`.trimEnd());
  }
  return (await response.json()) as Answer<Data>;
}

/** Headers of a request with the token; the given ones replace those of the page. */
export function headersOf(token: string | null, headers: Record<string, string>): Headers {
  const sent = new Headers({
    Accept: "application/json",
    "Accept-Language": language,
    "Content-Type": "application/json",
  });
  if (token !== null) {
    sent.set("Authorization", `Bearer ${token}`);
  }
  for (const [name, value] of Object.entries(headers)) {
    sent.set(name, value);
  }
  return sent;
}

/** The request without the name of a missing operation: just after a change of tabs GraphiQL sends the old one. */
export function withOwnName(params: Params): Params {
  try {
    const { definitions } = parse(params.query, { noLocation: true });
    const names = definitions.map((one) => (one.kind === Kind.OPERATION_DEFINITION ? one.name?.value : undefined));
    return names.includes(params.operationName ?? undefined) ? params : { ...params, operationName: null };
  } catch {
    // The portal answers with the error.
    return params;
  }
}

export function isUnauthenticated(answer: Answer<unknown>): boolean {
  return answer.errors?.some((error) => error.extensions?.["code"] === "UNAUTHENTICATED") ?? false;
}

interface SessionPayload {
  userErrors: { message: string }[];
  token: string | null;
  expiresAt: string | null;
  viewer: { permissions: string[]; user: { name: string; email: string }; partner: { name: string; isVendor: boolean } } | null;
}

interface SignIn {
  signIn: SessionPayload & { secondFactor: { challenge: string } | null };
}

interface ConfirmSignIn {
  confirmSignIn: SessionPayload;
}

const SESSION = `
    userErrors { message }
    token
    expiresAt
    viewer { permissions user { name email } partner { name isVendor } }
`;

const SIGN_IN = `mutation SignIn($input: SignInInput!) {
  signIn(input: $input) {${SESSION}
    secondFactor { challenge }
  }
}`;

const CONFIRM_SIGN_IN = `mutation ConfirmSignIn($input: ConfirmSignInInput!) {
  confirmSignIn(input: $input) {${SESSION}}
}`;

/** The second step of a sign-in, which needs a code. */
export interface SecondStep {
  challenge: string;
}

/** Return the new session, or its second step; throw an Error with a message for the user. */
export async function signIn(email: string, password: string): Promise<Session | SecondStep> {
  const answer = await ask<SignIn>({ query: SIGN_IN, variables: { input: { email, password } } });
  return answer.data?.signIn.secondFactor ?? session(answer, answer.data?.signIn);
}

/** Return the session of a sign-in's second step; throw an Error with a message for the user. */
export async function confirmSignIn({ challenge }: SecondStep, code: string): Promise<Session> {
  const answer = await ask<ConfirmSignIn>({ query: CONFIRM_SIGN_IN, variables: { input: { challenge, code } } });
  return session(answer, answer.data?.confirmSignIn);
}

function session(answer: Answer<unknown>, payload: SessionPayload | undefined): Session {
  const refusal = answer.errors?.[0] ?? payload?.userErrors[0];
  if (refusal || !payload?.token || !payload.expiresAt || !payload.viewer) {
    throw new Error(refusal?.message ?? texts.noSession);
  }
  const { user, partner, permissions } = payload.viewer;
  const { token, expiresAt } = payload;
  const of = { partner: partner.name, ofVendor: partner.isVendor };
  return { token, expiresAt, email: user.email, name: user.name, ...of, permissions };
}

export async function signOut(session: Session): Promise<void> {
  await ask({ query: "mutation SignOut { signOut { signedOut } }" }, session.token);
}
