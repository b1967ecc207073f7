// The statements, prepared once. Each that reads or writes a partner's rows names the partner.

import Database from 'better-sqlite3'
import {
  anywhere, cursor, cursorOfMoment, folded, momentOfCursor, position, storedNow,
} from './texts.js'

export const PARTNER = 1
const USER = 1

const db = new Database(process.env.DATABASE)
for (const pragma of JSON.parse(process.env.PRAGMAS)) db.exec(pragma)

const CLIENT = "id, coalesce(name, 'Cliente removido') AS name, cnpj, city, state, status"
const ACTIVATION = `
  id, activation_key AS activationKey, authorization_code AS authorizationCode, status, activated_at AS activatedAt,
  note, seats, product_id AS productId, client_id AS clientId, activated_by_id AS activatedById`

// A list of ids is as many parameters, which is faster than one with JSON: a statement for each length.
const ofMany = (write) => {
  const prepared = []
  return (ids, before = [], after = []) => {
    prepared[ids.length] ??= db.prepare(write(`IN (${ids.map(() => '?').join()})`))
    return prepared[ids.length].all(...before, ...ids, ...after)
  }
}

const statements = {
  clientsByIds: ofMany((given) => `SELECT ${CLIENT} FROM clients WHERE partner_id = ? AND id ${given}`),
  usersByIds: ofMany((given) => `SELECT id, name FROM users WHERE partner_id = ? AND id ${given}`),
  productsByIds: ofMany((given) => `SELECT id, name, included_seats AS includedSeats FROM products WHERE id ${given}`),
  itemsOfOrders: ofMany((given) => `
    SELECT order_id AS orderId, product_id AS productId, quantity, bonus_quantity AS bonusQuantity,
      (unit_monthly_price + unit_setup_fee) * quantity AS totalCents
    FROM order_items WHERE partner_id = ? AND order_id ${given} ORDER BY order_id, id`),
  activationsOfClients: ofMany((given) => `
    SELECT * FROM (
      SELECT ${ACTIVATION},
        row_number() OVER (PARTITION BY client_id ORDER BY activated_at DESC, id DESC) AS place
      FROM activations WHERE partner_id = ? AND client_id ${given}
    ) WHERE place <= ? ORDER BY clientId, place`),
}

export const clientsByIds = (ids) => statements.clientsByIds(ids, [PARTNER])
export const usersByIds = (ids) => statements.usersByIds(ids, [PARTNER])
export const productsByIds = (ids) => statements.productsByIds(ids)
export const itemsOfOrders = (ids) => statements.itemsOfOrders(ids, [PARTNER])
export const activationsOfClients = (ids, first) => statements.activationsOfClients(ids, [PARTNER], [first + 1])

// A page reads one row more than it shows, which tells whether there is another page.
const page = (rows, first, cursorOf) => {
  const nodes = rows.slice(0, first)
  const last = nodes.at(-1)
  return { nodes, pageInfo: { hasNextPage: rows.length > first, endCursor: last ? cursorOf(last) : null } }
}

const ACTIVATIONS_ORDER = 'activations.activated_at.desc'
const CLIENTS_ORDER = 'clients.name_folded.asc'
const activationsPage = (conditions) =>
  db.prepare(`SELECT ${ACTIVATION} FROM activations WHERE partner_id = @partner ${conditions}
    ORDER BY activated_at DESC, id DESC LIMIT @limit`)
const AFTER = 'AND (activated_at, id) < (@key, @id)'
const OF_NAME = `AND client_id IN (SELECT id FROM clients WHERE partner_id = @partner
  AND names_folded LIKE @name ESCAPE '/')`
const activationPages = [['', AFTER], [OF_NAME, `${OF_NAME} ${AFTER}`]].map((pair) => pair.map(activationsPage))

export const activationCursor = (row) =>
  cursor(ACTIVATIONS_ORDER, PARTNER, cursorOfMoment(row.activatedAt), row.id)

export const activations = ({ first, after, clientName }) => {
  const given = { partner: PARTNER, limit: first + 1 }
  if (after != null) {
    const { key, id } = position(ACTIVATIONS_ORDER, PARTNER, after)
    Object.assign(given, { key: momentOfCursor(key), id })
  }
  if (clientName != null) given.name = anywhere(folded(clientName))
  const rows = activationPages[Number(clientName != null)][Number(after != null)].all(given)
  return page(rows, first, activationCursor)
}

export const activationsOfClient = (rows, first) =>
  page(rows, first, (row) => cursor('client.activations.activated_at.desc', PARTNER, cursorOfMoment(row.activatedAt), row.id))

const clientsPage = (conditions) =>
  db.prepare(`SELECT ${CLIENT}, name_folded AS nameFolded FROM clients
    WHERE partner_id = @partner AND status = 'ACTIVE' ${conditions} ORDER BY name_folded, id LIMIT @limit`)
const clientPages = ['', 'AND (name_folded, id) > (@key, @id)'].map(clientsPage)

export const clients = ({ first, after }) => {
  const given = { partner: PARTNER, limit: first + 1 }
  if (after != null) Object.assign(given, position(CLIENTS_ORDER, PARTNER, after))
  const rows = clientPages[Number(after != null)].all(given)
  return page(rows, first, (row) => cursor(CLIENTS_ORDER, PARTNER, row.nameFolded, row.id))
}

const ordering = {
  version: db.prepare(`
    SELECT v.id, v.price_table_id AS priceTable
    FROM price_table_versions v JOIN partner_price_tables a ON a.price_table_id = v.price_table_id
    WHERE a.partner_id = ? AND a.preselected AND v.begins_at <= ? ORDER BY v.begins_at DESC, v.number DESC LIMIT 1`),
  tiers: ofMany((given) => `
    SELECT product_id AS productId, unit_monthly_price AS monthly, unit_setup_fee AS setup, bonus_quantity AS bonus,
      minimum_quantity AS minimum
    FROM price_tiers WHERE version_id = ? AND order_type = ? AND product_id ${given}
    ORDER BY minimum_quantity DESC`),
  nextOrder: db.prepare(
    'UPDATE partner_counters SET order_number = order_number + 1 WHERE partner_id = ? RETURNING order_number').pluck(),
  nextEvent: db.prepare(
    'UPDATE partner_counters SET event_number = event_number + 1 WHERE partner_id = ? RETURNING event_number').pluck(),
  order: db.prepare(`
    INSERT INTO orders (partner_id, number, type, status, price_table_id, price_table_version_id, monthly_total,
      setup_fee_total, created_at, created_by_id)
    VALUES (@partner, @number, @type, 'PENDING', @priceTable, @version, @monthly, @setup, @now, @user)`),
  item: db.prepare(`
    INSERT INTO order_items (partner_id, order_id, product_id, quantity, bonus_quantity, seats, unit_monthly_price,
      unit_setup_fee)
    VALUES (@partner, @order, @productId, @quantity, @bonus, @seats, @monthly, @setup)`),
  event: db.prepare(`
    INSERT INTO events (partner_id, number, type, occurred_at, actor_id, order_id)
    VALUES (@partner, @number, 'ORDER_CREATED', @now, @user, @order)`),
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0)

// What is ordered, priced by the partner's table; null where it has no price.
const priced = (type, items, version) => {
  const ids = items.map((item) => item.productId)
  const included = new Map(productsByIds(ids).map((product) => [product.id, product.includedSeats]))
  const tiers = ordering.tiers(ids, [version, type])
  const lines = items.map(({ productId, quantity }) => {
    const tier = tiers.find((each) => each.productId === productId && each.minimum <= quantity)
    if (!tier) return null
    const total = quantity + tier.bonus
    const seats = type === 'PURCHASE' ? included.get(productId) * total : total
    return { productId, quantity, bonus: tier.bonus, seats, monthly: tier.monthly, setup: tier.setup }
  })
  return lines.includes(null) ? null : lines
}

const write = db.transaction((type, items) => {
  const now = storedNow()
  const { id: version, priceTable } = ordering.version.get(PARTNER, now)
  const lines = priced(type, items, version)
  if (!lines) return null
  const monthly = sum(lines.map((line) => line.monthly * line.quantity))
  const setup = sum(lines.map((line) => line.setup * line.quantity))
  const number = ordering.nextOrder.get(PARTNER)
  const common = { partner: PARTNER, user: USER, now }
  const id = ordering.order.run({ ...common, number, type, priceTable, version, monthly, setup }).lastInsertRowid
  for (const line of lines) ordering.item.run({ partner: PARTNER, order: id, ...line })
  ordering.event.run({ ...common, number: ordering.nextEvent.get(PARTNER), order: id })
  return { id, number, status: 'PENDING', totalCents: monthly + setup }
})

export const createOrder = (type, items) => write.immediate(type, items)
