/** Storage of GraphiQL: permanent for the theme, and until the tab is closed for everything else. */

const THEME = "graphiql:theme";

function place(key: string): Storage {
  // Operations and history may have a password or a client's name, so they are removed when the tab is closed.
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

/**
 * Storage of one instance of GraphiQL, which writes what was typed a moment later: nothing more once it is closed, so
 * that the next user does not find what the last one typed.
 */
export function opened() {
  let open = true;
  return {
    ...storage,
    get length() {
      return storage.length;
    },
    setItem: (key: string, value: string) => {
      if (open) {
        storage.setItem(key, value);
      }
    },
    close: () => {
      open = false;
    },
  };
}
