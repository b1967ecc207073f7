/** Session of the signed-in user, stored for the browser's tab only, and at most until the session ends. */

const KEY = "portal:session";

export interface Session {
  token: string;
  expiresAt: string;
  email: string;
  name: string;
  partner: string;
  ofVendor: boolean;
  permissions: string[];
}

export function kept(): Session | null {
  const text = sessionStorage.getItem(KEY);
  const session = text === null ? null : (JSON.parse(text) as Session);
  return session !== null && millisecondsLeft(session) > 0 ? session : null;
}

export function keep(session: Session): void {
  sessionStorage.setItem(KEY, JSON.stringify(session));
}

/** End the session in this tab, and keep what was typed for the next sign-in. */
export function drop(): void {
  sessionStorage.removeItem(KEY);
}

/** Remove the session, and all that was typed and run during it. */
export function forget(): void {
  sessionStorage.clear();
}

export function millisecondsLeft(session: Session): number {
  return Date.parse(session.expiresAt) - Date.now();
}
