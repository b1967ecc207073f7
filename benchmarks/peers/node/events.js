// New events of all partners, read from the table as the portal reads those of other processes: ten times a second, if
// another connection has changed the file. Each is published to the subscribers of its partner.

import Database from 'better-sqlite3'
import DataLoader from 'dataloader'

const POLL_MILLISECONDS = 100

const db = new Database(process.env.DATABASE)
for (const pragma of JSON.parse(process.env.PRAGMAS)) db.exec(pragma)

const version = db.prepare('PRAGMA data_version').pluck()
const last = db.prepare('SELECT coalesce(max(id), 0) FROM events').pluck()
const after = db.prepare(`
  SELECT id, partner_id AS partnerId, number, type, occurred_at AS occurredAt, client_id AS clientId
  FROM events WHERE id > ? ORDER BY id`)

export const topic = (partnerId) => `events of ${partnerId}`

export const follow = (publish) => {
  let seen = version.get()
  let position = last.get()
  setInterval(() => {
    const now = version.get()
    if (now === seen) return
    seen = now
    for (const event of after.all(position)) {
      position = event.id
      publish(event.partnerId, event)
    }
  }, POLL_MILLISECONDS)
}

// One loader for all subscriptions of a partner: what they ask for at once is one statement, and nothing is kept after it.
const clients = db.prepare(`
  SELECT id, coalesce(name, 'Cliente removido') AS name, cnpj, city, state, status
  FROM clients WHERE partner_id = ? AND id IN (SELECT value FROM json_each(?))`)
const loaders = new Map()

export const clientOf = ({ partnerId, clientId }) => {
  if (clientId === null) return null
  let loader = loaders.get(partnerId)
  if (!loader) {
    const batch = async (ids) => {
      const found = new Map(clients.all(partnerId, JSON.stringify([...new Set(ids)])).map((row) => [row.id, row]))
      return ids.map((id) => found.get(id) ?? null)
    }
    loaders.set(partnerId, (loader = new DataLoader(batch, { cache: false })))
  }
  return loader.load(clientId)
}
