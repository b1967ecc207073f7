/** Objects of the signed-in user's partner that the ready-made tabs work on. */

import { ask } from "./api";

const EXAMPLES = `query Examples {
  products { id active }
  orders(filter: { status: [PENDING] }, first: 2) { nodes { id } }
  licensed: clients(filter: { hasActiveActivations: true }, first: 4) {
    nodes { id activations(status: ACTIVE, first: 1) { nodes { id } } }
  }
  clients(first: 2) { nodes { id } }
  licenseStock { available product { id } }
}`;

interface Thing {
  id: string;
}

interface Read {
  products: (Thing & { active: boolean })[];
  orders: { nodes: Thing[] };
  licensed: { nodes: (Thing & { activations: { nodes: Thing[] } })[] };
  clients: { nodes: Thing[] };
  licenseStock: { available: number; product: Thing }[];
}

/** Values for the ready-made tabs, mostly ids. */
export interface Examples {
  product: string;
  productInStock: string;
  orderToApprove: string;
  orderToCancel: string;
  client: string;
  clientToCancel: string;
  activationToCancel: string;
  activationToMove: string;
  freeCnpj: string;
}

export type Example = keyof Examples;

/** Return the partner's examples; null if they could not be read. */
export type Found = { [name in Example]: string | undefined } | null;

/** Each destructive tab gets an object of its own, so that the tabs run in any order. */
export async function findExamples(token: string): Promise<Found> {
  const { data } = await ask<Read>({ query: EXAMPLES }, token);
  if (!data) {
    return null;
  }
  const [toCancel, cancelling, moving, other] = data.licensed.nodes;
  const client = other ?? data.clients.nodes.find(({ id }) => id !== toCancel?.id);
  const [stock] = data.licenseStock.toSorted((one, another) => another.available - one.available);
  return {
    product: data.products.find(({ active }) => active)?.id,
    productInStock: stock && stock.available > 0 ? stock.product.id : undefined,
    orderToApprove: data.orders.nodes[0]?.id,
    orderToCancel: data.orders.nodes[1]?.id,
    client: client?.id,
    clientToCancel: toCancel?.id,
    activationToCancel: cancelling?.activations.nodes[0]?.id,
    activationToMove: moving?.activations.nodes[0]?.id,
    freeCnpj: someCnpj(),
  };
}

/** Return a unique text: an idempotency key, or a part of an activation key. */
export function unique(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return an unused CNPJ: twelve random digits and their check digits. */
function someCnpj(): string {
  const digits = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte % 10);
  for (const weights of [[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2], [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]]) {
    const rest = weights.reduce((sum, weight, place) => sum + weight * (digits[place] ?? 0), 0) % 11;
    digits.push(rest < 2 ? 0 : 11 - rest);
  }
  return digits.join("").replace(/^(..)(...)(...)(....)(..)$/, "$1.$2.$3/$4-$5");
}
