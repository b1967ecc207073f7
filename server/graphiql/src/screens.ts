/** A ready-made tab for each screen of the portal. Its title is the name of its operation, in the portal's own words. */

import { type Examples, someCnpj, unique } from "./examples";

interface Screen {
  query: string;
  permission: string;
  variables(examples: Partial<Examples>): object;
}

export interface ReadyTab {
  query: string;
  variables: string;
}

/** The tabs of a user with these permissions; nobody's are all there are. */
export function readyTabs(examples: Partial<Examples>, permissions?: readonly string[]): ReadyTab[] {
  return SCREENS.filter(({ permission }) => permissions?.includes(permission) ?? true).map((screen) => ({
    query: screen.query,
    variables: JSON.stringify(screen.variables(examples), null, 2),
  }));
}

export function isReadyMade(query: string | null): boolean {
  return SCREENS.some((screen) => screen.query === query);
}

const SCREENS: Screen[] = [
  {
    permission: "ORDERS_READ",
    query: `# “Pedido > Comprar”
# What an order would come to; nothing changes.
query Comprar($input: QuoteOrderInput!) {
  priceTable {
    name
  }
  quoteOrder(input: $input) {
    quote {
      items {
        product { name }
        quantity
        bonusQuantity
        totalQuantity
        seats
        unitMonthlyPrice
        setupFee
        monthlyTotal
        totalWithSetupFee
        unitsToNextTier
      }
      totalWithSetupFee
    }
    userErrors { code message path }
  }
}
`,
    variables: ({ product }) => ({ input: { type: "PURCHASE", items: [{ productId: product, quantity: 10 }] } }),
  },
  {
    permission: "ORDERS_CREATE",
    query: `# “Confirmar Pedido”
# Create a pending order. Run it twice: the
# idempotencyKey makes it one all the same.
mutation ConfirmarPedido($input: CreateOrderInput!) {
  createOrder(input: $input) {
    order {
      id
      number
      statusLabel
      totalWithSetupFee
    }
    userErrors { code message path }
  }
}
`,
    variables: ({ product }) => ({
      input: { type: "PURCHASE", items: [{ productId: product, quantity: 10 }], idempotencyKey: unique() },
    }),
  },
  {
    permission: "ORDERS_READ",
    query: `# “Meus Pedidos”
# The orders, newest first.
query MeusPedidos($filter: OrderFilter, $first: Int, $after: String) {
  orders(filter: $filter, first: $first, after: $after) {
    totalCount
    nodes {
      id
      number
      statusAbbreviation
      statusLabel
      totalWithSetupFee
      createdAt
      createdBy { name }
      items {
        product { name }
        totalQuantity
      }
      viewerCanApprove
      viewerCanCancel
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
    variables: () => ({ filter: { status: ["PENDING", "COMPLETED"] }, first: 10 }),
  },
  {
    permission: "ORDERS_APPROVE",
    query: `# “Meus Pedidos > Ações > Aprovar”
# What the order bought is in the stock at once.
mutation AprovarPedido($input: ApproveOrderInput!) {
  approveOrder(input: $input) {
    order {
      number
      statusLabel
      approvedBy { name }
    }
    licenseStock {
      product { name }
      available
      additionalSeatsAvailable
    }
    userErrors { code message path }
  }
}
`,
    variables: ({ orderToApprove }) => ({ input: { orderId: orderToApprove, idempotencyKey: unique() } }),
  },
  {
    permission: "ORDERS_CREATE",
    query: `# “Meus Pedidos > Ações > Cancelar”
# Only a pending order can be cancelled.
mutation CancelarPedido($input: CancelOrderInput!) {
  cancelOrder(input: $input) {
    order {
      number
      statusLabel
      cancellationNote
    }
    userErrors { code message path }
  }
}
`,
    variables: ({ orderToCancel }) => ({
      input: { orderId: orderToCancel, reason: "Pedido em duplicidade", idempotencyKey: unique() },
    }),
  },
  {
    permission: "CLIENTS_READ",
    query: `# “Clientes / ECFs”
# Search by name, without regard to accents,
# or by CNPJ in any mask.
query ClientesECFs($filter: ClientFilter, $first: Int, $after: String) {
  clients(filter: $filter, first: $first, after: $after) {
    totalCount
    nodes {
      id
      name
      cnpj
      city
      state
      activeActivationCount
      # What the “X” of the row would do.
      cancellationImpact {
        releasedLicenses {
          product { name }
          licenses
        }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
    variables: () => ({ filter: { search: "" }, first: 10 }),
  },
  {
    permission: "CLIENTS_WRITE",
    query: `# “Clientes / ECFs”
# Register a client.
mutation CadastrarCliente($input: RegisterClientInput!) {
  registerClient(input: $input) {
    client {
      id
      name
      cnpj
      registeredAt
    }
    userErrors { code message path }
  }
}
`,
    variables: () => ({
      input: {
        cnpj: someCnpj(),
        name: "Padaria São João",
        city: "São Paulo",
        state: "SP",
        idempotencyKey: unique(),
      },
    }),
  },
  {
    permission: "CLIENTS_WRITE",
    query: `# “Clientes / ECFs”
# Change a client: what is left out is kept.
mutation AlterarCliente($input: UpdateClientInput!) {
  updateClient(input: $input) {
    client {
      name
      tradeName
      city
      state
    }
    userErrors { code message path }
  }
}
`,
    variables: ({ client }) => ({ input: { clientId: client, tradeName: "Nova Fachada", idempotencyKey: unique() } }),
  },
  {
    permission: "CLIENTS_CANCEL",
    query: `# “Cancelamento de Cliente”
# All its licenses are free again, and its
# CNPJ leaves the portal.
mutation CancelamentoDeCliente($input: CancelClientInput!) {
  cancelClient(input: $input) {
    cancelledActivationCount
    releasedLicenses {
      product { name }
      licenses
      additionalSeats
    }
    client {
      name
      cnpj
      status
    }
    userErrors { code message path }
  }
}
`,
    variables: ({ clientToCancel }) => ({ input: { clientId: clientToCancel, idempotencyKey: unique() } }),
  },
  {
    permission: "ACTIVATIONS_READ",
    query: `# “Licenças > Detalhes da Ativação”
# Search by name, CNPJ or “chave de ativação”.
query DetalhesDaAtivacao($filter: ActivationFilter, $first: Int, $after: String) {
  activations(filter: $filter, first: $first, after: $after) {
    totalCount
    nodes {
      id
      product { name }
      client { name }
      authorizationCode
      activationKey
      activatedAt
      activatedBy { name }
      note
      status
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
    variables: () => ({ filter: { search: "", status: ["ACTIVE"] }, first: 10 }),
  },
  {
    permission: "ACTIVATIONS_WRITE",
    query: `# “Licenças”
# Activate one: the client's installation
# shows its “chave de ativação”.
mutation AtivarLicenca($input: ActivateLicenseInput!) {
  activateLicense(input: $input) {
    activation {
      id
      authorizationCode
      activationKey
      seats
      client { name }
    }
    licenseStock {
      product { name }
      available
    }
    userErrors { code message path }
  }
}
`,
    variables: ({ client, productInStock }) => ({
      input: {
        clientId: client,
        productId: productInStock,
        activationKey: `CAIXA-${unique()}`.toUpperCase(),
        idempotencyKey: unique(),
      },
    }),
  },
  {
    permission: "ACTIVATIONS_WRITE",
    query: `# “Cancelamento de licença”
# Its license and seats are free again.
mutation CancelamentoDeLicenca($input: CancelActivationInput!) {
  cancelActivation(input: $input) {
    activation {
      client { name }
      status
      cancelledAt
      cancellationNote
    }
    licenseStock {
      product { name }
      available
    }
    userErrors { code message path }
  }
}
`,
    variables: ({ activationToCancel }) => ({
      input: { activationId: activationToCancel, reason: "Troca de computador", idempotencyKey: unique() },
    }),
  },
  {
    permission: "ACTIVATIONS_WRITE",
    query: `# “Substituição”
# Move a license to another client or key, in
# one step that needs no second license.
mutation SubstituicaoDeLicenca($input: MoveActivationInput!) {
  moveActivation(input: $input) {
    activation {
      authorizationCode
      activationKey
      client { name }
    }
    previousActivation {
      status
      client { name }
    }
    userErrors { code message path }
  }
}
`,
    variables: ({ activationToMove, client }) => ({
      input: {
        activationId: activationToMove,
        toClientId: client,
        activationKey: `CAIXA-${unique()}`.toUpperCase(),
        idempotencyKey: unique(),
      },
    }),
  },
  {
    permission: "ACTIVATIONS_READ",
    query: `# “Estoque do parceiro”
# What is left of each product, and why.
query EstoqueDoParceiro($movements: Int) {
  licenseStock {
    product { name }
    purchased
    bonus
    activated
    available
    additionalSeatsAvailable
    movements(first: $movements) {
      nodes {
        type
        occurredAt
        purchased
        bonus
        activated
      }
    }
  }
}
`,
    variables: () => ({ movements: 3 }),
  },
  {
    permission: "EVENTS_READ",
    query: `# The last changes, each with a sentence in
# the language of the browser.
query Eventos($filter: EventFilter, $last: Int) {
  events(filter: $filter, last: $last) {
    nodes {
      number
      type
      occurredAt
      message
      actor { name }
    }
  }
}
`,
    variables: () => ({ filter: {}, last: 10 }),
  },
];
