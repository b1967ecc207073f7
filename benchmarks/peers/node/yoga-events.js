// Subscriptions of GraphQL Yoga on Node's own HTTP server, as Server-Sent Events, with graphql-jit.

import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import { useGraphQlJit } from '@envelop/graphql-jit'
import { createPubSub, createSchema, createYoga } from 'graphql-yoga'
import { clientOf, follow, topic } from './events.js'
import { globalId, shownMoment } from './texts.js'

const pubSub = createPubSub()
const yoga = createYoga({
  schema: createSchema({
    typeDefs: readFileSync(new URL('./events.graphql', import.meta.url), 'utf8'),
    resolvers: {
      Query: { ready: () => true },
      Subscription: {
        events: { subscribe: (_, __, { partnerId }) => pubSub.subscribe(topic(partnerId)), resolve: (event) => event },
      },
      Event: { occurredAt: (event) => shownMoment(event.occurredAt), client: clientOf },
      Client: { id: (row) => globalId('Client', row.id) },
    },
  }),
  plugins: [useGraphQlJit()],
  context: ({ request }) => ({ partnerId: Number(request.headers.get('x-partner')) }),
  graphiql: false,
  logging: false,
})
follow((partnerId, event) => pubSub.publish(topic(partnerId), event))
createServer(yoga).listen(Number(process.env.PORT), '127.0.0.1')
