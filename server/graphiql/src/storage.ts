/** What GraphiQL remembers: the theme for good, and everything else for the browser's tab only. */

const THEME = "graphiql:theme";

function place(key: string): Storage {
  // What was typed and run may hold a password or whom a client was: it goes when the tab is closed.
  return key === THEME ? localStorage : sessionStorage;
}

export const storage = {
  get length() {
    return sessionStorage.length;
  },
  getItem: (key: string) => place(key).getItem(key),
  setItem: (key: string, value: string) => place(key).setItem(key, value),
  removeItem: (key: string) => place(key).removeItem(key),
  clear: () => {
    sessionStorage.clear();
    localStorage.removeItem(THEME);
  },
};
