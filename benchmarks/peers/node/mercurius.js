// Mercurius on Fastify, with its JIT and its own loaders.

import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import mercurius from 'mercurius'
import * as batches from './batches.js'
import { fields } from './resolvers.js'

const byKey = (key, batch) => ({
  loader: async (queries) => batch(queries.map(({ obj }) => obj[key])),
  // Its cache would write each parent as JSON to make a key of it, and no key comes twice within a level's batch.
  opts: { cache: false },
})

const loaders = {
  Activation: {
    product: byKey('productId', batches.products),
    client: byKey('clientId', batches.clients),
    activatedBy: byKey('activatedById', batches.users),
  },
  Client: {
    activations: {
      loader: async (queries) => {
        const [{ params: { first } }] = queries
        return batches.activationsOfClients(queries.map(({ obj }) => obj.id), first)
      },
      opts: { cache: false },
    },
  },
  Order: { items: byKey('id', batches.itemsOfOrders) },
  OrderItem: { product: byKey('productId', batches.products) },
}

const app = Fastify()
app.register(mercurius, {
  schema: readFileSync(new URL('./schema.graphql', import.meta.url), 'utf8'),
  resolvers: fields,
  loaders,
  jit: 1,
})
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
