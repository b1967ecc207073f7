// Subscriptions of Mercurius on Fastify, over WebSocket.

import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import mercurius from 'mercurius'
import { clientOf, follow, topic } from './events.js'
import { globalId, shownMoment } from './texts.js'

const app = Fastify()
app.register(mercurius, {
  schema: readFileSync(new URL('./events.graphql', import.meta.url), 'utf8'),
  resolvers: {
    Query: { ready: () => true },
    Subscription: {
      events: { subscribe: (_, __, { pubsub, partnerId }) => pubsub.subscribe(topic(partnerId)), resolve: (event) => event },
    },
    Event: { occurredAt: (event) => shownMoment(event.occurredAt), client: clientOf },
    Client: { id: (row) => globalId('Client', row.id) },
  },
  subscription: { context: (_, request) => ({ partnerId: Number(request.headers['x-partner']) }) },
  jit: 1,
})
await app.ready()
follow((partnerId, event) => app.graphql.pubsub.publish({ topic: topic(partnerId), payload: event }))
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
