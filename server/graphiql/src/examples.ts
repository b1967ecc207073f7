/** Objects of the signed-in user's partner that the ready-made tabs work on. */

import { type Answer, ask } from "./api";

const EXAMPLES = `query Examples {
  products { id }
  orders(filter: { status: [PENDING] }, first: 2) { nodes { id } }
  clients(filter: { hasActiveActivations: true }, first: 20) {
    nodes { id city activations(status: ACTIVE, first: 1) { nodes { id } } }
  }
  licenseStock { available product { id } }
}`;

interface Thing {
  id: string;
}

interface Found {
  products: Thing[];
  orders: { nodes: Thing[] };
  clients: { nodes: { id: string; city: string | null; activations: { nodes: Thing[] } }[] };
  licenseStock: { available: number; product: Thing }[];
}

/** Ids to fill in; one is undefined, and left out of the variables, where the partner has no such object. */
export interface Examples {
  product: string | undefined;
  productInStock: string | undefined;
  orderToApprove: string | undefined;
  orderToCancel: string | undefined;
  client: string | undefined;
  clientToCancel: string | undefined;
  activationToCancel: string | undefined;
  activationToMove: string | undefined;
}

/** Each tab that ends something gets an object of its own, so that they run in any order. */
export async function findExamples(token: string): Promise<Answer<Examples>> {
  const { data, ...rest } = await ask<Found>({ query: EXAMPLES }, token);
  if (!data) {
    return rest;
  }
  const [toCancel, cancelling, moving, client] = data.clients.nodes;
  const stock = data.licenseStock.toSorted((one, other) => other.available - one.available);
  return {
    ...rest,
    data: {
      product: data.products[0]?.id,
      productInStock: stock[0]?.product.id,
      orderToApprove: data.orders.nodes[0]?.id,
      orderToCancel: data.orders.nodes[1]?.id,
      client: client?.id,
      clientToCancel: toCancel?.id,
      activationToCancel: cancelling?.activations.nodes[0]?.id,
      activationToMove: moving?.activations.nodes[0]?.id,
    },
  };
}

/** A text that no other call has made: an idempotency key, or a part of an activation key. */
export function unique(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A CNPJ that nobody has: twelve random digits and their check digits. */
export function someCnpj(): string {
  const digits = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte % 10);
  for (const weights of [[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2], [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]]) {
    const rest = weights.reduce((sum, weight, place) => sum + weight * (digits[place] ?? 0), 0) % 11;
    digits.push(rest < 2 ? 0 : 11 - rest);
  }
  return digits.join("").replace(/^(..)(...)(...)(....)(..)$/, "$1.$2.$3/$4-$5");
}
