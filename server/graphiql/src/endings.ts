/** Destructive mutations, found in an operation before it is run. */

import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
  valueFromASTUntyped,
} from "graphql";

import type { Params } from "./api";

const ENDINGS = [
  "approveOrder",
  "cancelActivation",
  "cancelActivations",
  "cancelClient",
  "cancelOrder",
  "closePartner",
  "deactivateUser",
  "deleteWebhook",
  "disableTotp",
  "erasePartnerContacts",
  "moveActivation",
  "moveActivations",
  "publishPriceTable",
  "removeDocuments",
  "resetSecondFactor",
  "retireProduct",
  "revokeApiToken",
  "revokeInvitation",
  "signOutEverywhere",
  "suspendPartner",
  "unlinkIdentity",
] as const;

export type Ending = (typeof ENDINGS)[number];

export interface Endings {
  operation: string | null;
  mutations: Ending[];
  /** Ids in the mutations' inputs, each with the name of its field. */
  ids: { name: string; id: string }[];
}

/** Return what the request would end; null if it is not destructive. */
export function endingsOf({ query, operationName, variables }: Params): Endings | null {
  let document: DocumentNode;
  try {
    document = parse(query, { noLocation: true });
  } catch {
    // The portal may understand what this parser does not.
    const mutations = ENDINGS.filter((name) => new RegExp(`\\b${name}\\b`).test(query));
    return mutations.length > 0 ? { operation: operationName ?? null, mutations, ids: idsIn(variables) } : null;
  }
  const fields = operationsToRun(document, operationName).flatMap((operation) =>
    rootFields(operation.selectionSet, fragmentsOf(document)).map((field) => ({ field, operation })),
  );
  const ending = fields.filter(({ field }) => isEnding(field.name.value));
  const [first] = ending;
  if (!first) {
    return null;
  }
  const ids = ending.flatMap(({ field, operation }) => {
    const given = { ...defaultsOf(operation), ...(variables as Record<string, unknown> | undefined) };
    return (field.arguments ?? []).flatMap(({ name, value }) =>
      idsIn({ [name.value]: valueFromASTUntyped(value, given) }),
    );
  });
  const mutations = [...new Set(ending.map(({ field }) => field.name.value as Ending))];
  return { operation: first.operation.name?.value ?? null, mutations, ids };
}

/** Return whether the operation asks for nothing but the schema's description. */
export function isIntrospection({ query, operationName }: Params): boolean {
  const document = parse(query, { noLocation: true });
  return operationsToRun(document, operationName).every(({ selectionSet }) =>
    rootFields(selectionSet, fragmentsOf(document)).every(({ name }) => name.value.startsWith("__")),
  );
}

function isEnding(name: string): boolean {
  return (ENDINGS as readonly string[]).includes(name);
}

/** Return the operation of that name; all of them if none is named, since the portal may choose. */
function operationsToRun(document: DocumentNode, name: string | null | undefined): OperationDefinitionNode[] {
  const operations = document.definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION);
  return name ? operations.filter((one) => one.name?.value === name) : operations;
}

function fragmentsOf(document: DocumentNode): Map<string, FragmentDefinitionNode> {
  const fragments = document.definitions.filter((one) => one.kind === Kind.FRAGMENT_DEFINITION);
  return new Map(fragments.map((one) => [one.name.value, one]));
}

/** Return the root fields of the operation, each fragment once. Directives are ignored: their variables may change. */
function rootFields(
  selections: SelectionSetNode,
  fragments: Map<string, FragmentDefinitionNode>,
  seen = new Set<string>(),
): FieldNode[] {
  return selections.selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) {
      return [selection];
    }
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      return rootFields(selection.selectionSet, fragments, seen);
    }
    const name = selection.name.value;
    const fragment = fragments.get(name);
    if (!fragment || seen.has(name)) {
      return [];
    }
    seen.add(name);
    return rootFields(fragment.selectionSet, fragments, seen);
  });
}

function defaultsOf(operation: OperationDefinitionNode): Record<string, unknown> {
  return Object.fromEntries(
    (operation.variableDefinitions ?? []).flatMap(({ variable, defaultValue }) =>
      defaultValue ? [[variable.name.value, valueFromASTUntyped(defaultValue)]] : [],
    ),
  );
}

function idsIn(value: unknown): { name: string; id: string }[] {
  if (typeof value !== "object" || value === null) {
    return [];
  }
  return Object.entries(value).flatMap(([name, below]) =>
    typeof below === "string" && /(?:^i|I)d$/.test(name) ? [{ name, id: below }] : idsIn(below),
  );
}
