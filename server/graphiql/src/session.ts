/** Who is signed in. It is kept for the browser's tab only, and never longer than the session itself. */

const KEY = "portal:session";

export interface Session {
  token: string;
  expiresAt: string;
  email: string;
  name: string;
  partner: string;
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

/** End the session in this tab, and leave what was typed for when it goes on. */
export function drop(): void {
  sessionStorage.removeItem(KEY);
}

/** Forget the session, and all that was typed and run during it. */
export function forget(): void {
  sessionStorage.clear();
}

export function millisecondsLeft(session: Session): number {
  return Date.parse(session.expiresAt) - Date.now();
}
