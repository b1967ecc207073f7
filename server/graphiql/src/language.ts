/** Language of the page: the browser's first one that the portal supports. */

export type Language = "pt-BR" | "en";

export const language: Language = chosen(navigator.languages);

function chosen(preferred: readonly string[]): Language {
  for (const each of preferred) {
    const [primary] = each.toLowerCase().split("-");
    if (primary === "pt") {
      return "pt-BR";
    }
    if (primary === "en") {
      return "en";
    }
  }
  return "en";
}
