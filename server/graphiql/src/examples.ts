/** Objects that the signed-in user sees, and that the ready-made tabs work on. */

import { ask } from "./api";
import type { Session } from "./session";

const EXAMPLES = `query Examples {
  viewer { user { id } }
  products { id code active }
  orders(filter: { status: [PENDING] }, first: 2) { nodes { id } }
  licensed: clients(filter: { hasActiveActivations: true }, first: 4) {
    nodes { id activations(status: ACTIVE, first: 1) { nodes { id } } }
  }
  clients(first: 2) { nodes { id } }
  licenseStock { available product { id } }
}`;

const EXAMPLES_OF_VENDOR = `query Examples {
  viewer { user { id } }
  products { id code active }
  working: partners(filter: { status: [ACTIVE] }, first: 20) {
    nodes { id priceTable { id } orders(status: PENDING, first: 1) { nodes { id } } }
  }
  suspended: partners(filter: { status: [SUSPENDED] }, first: 1) { nodes { id } }
}`;

interface Thing {
  id: string;
}

interface Product extends Thing {
  code: string;
  active: boolean;
}

interface Read {
  viewer: { user: Thing };
  products: Product[];
  orders: { nodes: Thing[] };
  licensed: { nodes: (Thing & { activations: { nodes: Thing[] } })[] };
  clients: { nodes: Thing[] };
  licenseStock: { available: number; product: Thing }[];
}

interface ReadOfVendor {
  viewer: { user: Thing };
  products: Product[];
  working: { nodes: (Thing & { priceTable: Thing; orders: { nodes: Thing[] } })[] };
  suspended: { nodes: Thing[] };
}

/** Values for the ready-made tabs, mostly ids. */
export interface Examples {
  product: string;
  productInStock: string;
  productToRetire: string;
  retiredProduct: string;
  orderToApprove: string;
  orderToCancel: string;
  client: string;
  activation: string;
  clientToCancel: string;
  activationToCancel: string;
  activationToMove: string;
  partner: string;
  partnerToSuspend: string;
  suspendedPartner: string;
  priceTable: string;
  productCode: string;
  user: string;
  role: string;
  freeCnpj: string;
}

export type Example = keyof Examples;

/** Return the examples of a user; null if they could not be read. */
export type Found = { [name in Example]?: string | undefined } | null;

export function findExamples({ token, ofVendor }: Session): Promise<Found> {
  return ofVendor ? ofVendorsUser(token) : ofPartnersUser(token);
}

/** Each destructive tab gets an object of its own, so that the tabs run in any order. */
async function ofPartnersUser(token: string): Promise<Found> {
  const { data } = await ask<Read>({ query: EXAMPLES }, token);
  if (!data) {
    return null;
  }
  const [toCancel, cancelling, moving, other] = data.licensed.nodes;
  const client = other ?? data.clients.nodes.find(({ id }) => id !== toCancel?.id);
  const [stock] = data.licenseStock.toSorted((one, another) => another.available - one.available);
  const onSale = data.products.filter(({ active }) => active);
  const bought = onSale.find(({ id }) => data.licenseStock.some(({ product }) => product.id === id));
  return {
    // A product that is sold again may have no price in force; one that the partner has bought has one.
    product: (bought ?? onSale[0])?.id,
    productInStock: stock && stock.available > 0 ? stock.product.id : undefined,
    orderToApprove: data.orders.nodes[0]?.id,
    orderToCancel: data.orders.nodes[1]?.id,
    client: client?.id,
    activation: other?.activations.nodes[0]?.id,
    clientToCancel: toCancel?.id,
    activationToCancel: cancelling?.activations.nodes[0]?.id,
    activationToMove: moving?.activations.nodes[0]?.id,
    user: data.viewer.user.id,
    role: "VIEWER",
    freeCnpj: someCnpj(),
  };
}

/** The partner that is suspended and the product that is retired are none that another tab works on. */
async function ofVendorsUser(token: string): Promise<Found> {
  const { data } = await ask<ReadOfVendor>({ query: EXAMPLES_OF_VENDOR }, token);
  if (!data) {
    return null;
  }
  const working = data.working.nodes;
  const partner = working.find(({ orders }) => orders.nodes.length > 0) ?? working[0];
  const products = data.products.filter(({ active }) => active);
  return {
    product: products[0]?.id,
    productToRetire: products.slice(1).at(-1)?.id,
    retiredProduct: data.products.find(({ active }) => !active)?.id,
    partner: partner?.id,
    orderToApprove: partner?.orders.nodes[0]?.id,
    partnerToSuspend: working.find(({ id }) => id !== partner?.id)?.id,
    suspendedPartner: data.suspended.nodes[0]?.id,
    priceTable: partner?.priceTable.id,
    productCode: products[0]?.code,
    user: data.viewer.user.id,
    role: "VENDOR_VIEWER",
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
