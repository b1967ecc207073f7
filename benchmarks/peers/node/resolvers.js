// The fields that are the same on every server: roots, ids, and texts that are not stored as they are shown.

import * as database from './database.js'
import { globalId, numberOf, reais, shownMoment } from './texts.js'

const REFUSED = { code: 'PRODUCT_NOT_PRICED', message: 'A tabela de preços não tem preço para um dos produtos.' }

export const fields = {
  Query: {
    client: (_, { id }) => database.clientsByIds([numberOf('Client', id)])[0] ?? null,
    clients: (_, { first, after }) => database.clients({ first, after }),
    activations: (_, { first, after, filter }) =>
      database.activations({ first, after, clientName: filter?.clientName }),
  },
  Mutation: {
    createOrder: (_, { input: { type, items } }) => {
      const wanted = items.map(({ productId, quantity }) => ({ productId: numberOf('Product', productId), quantity }))
      const order = database.createOrder(type, wanted)
      return { order, userErrors: order ? [] : [REFUSED] }
    },
  },
  Client: { id: (row) => globalId('Client', row.id) },
  Activation: { id: (row) => globalId('Activation', row.id), activatedAt: (row) => shownMoment(row.activatedAt) },
  Product: { id: (row) => globalId('Product', row.id) },
  User: { id: (row) => globalId('User', row.id) },
  Order: { id: (row) => globalId('Order', row.id), totalWithSetupFee: (row) => reais(row.totalCents) },
  OrderItem: { totalWithSetupFee: (row) => reais(row.totalCents) },
}
