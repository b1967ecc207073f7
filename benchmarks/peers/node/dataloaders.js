// Relations through the `dataloader` package, with loaders of its own for each request.

import DataLoader from 'dataloader'
import * as batches from './batches.js'
import { fields } from './resolvers.js'

const loader = (batch) => new DataLoader(async (ids) => batch(ids))

export class Loaders {
  product = loader(batches.products)
  client = loader(batches.clients)
  user = loader(batches.users)
  itemsOfOrder = loader(batches.itemsOfOrders)
  #activations = new Map()

  // One loader for each size of page, since a batch has one.
  activationsOfClient(first) {
    let found = this.#activations.get(first)
    if (!found) this.#activations.set(first, (found = loader((ids) => batches.activationsOfClients(ids, first))))
    return found
  }
}

export const resolvers = {
  ...fields,
  Client: {
    ...fields.Client,
    activations: (row, { first }, { loaders }) => loaders.activationsOfClient(first).load(row.id),
  },
  Activation: {
    ...fields.Activation,
    product: (row, _, { loaders }) => loaders.product.load(row.productId),
    client: (row, _, { loaders }) => loaders.client.load(row.clientId),
    activatedBy: (row, _, { loaders }) => loaders.user.load(row.activatedById),
  },
  Order: { ...fields.Order, items: (row, _, { loaders }) => loaders.itemsOfOrder.load(row.id) },
  OrderItem: { ...fields.OrderItem, product: (row, _, { loaders }) => loaders.product.load(row.productId) },
}
