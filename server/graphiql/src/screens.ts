/** The screens of the portal, each as one operation whose name is the title of its ready-made tab. */

import { type Examples, unique } from "./examples";
import type { Language } from "./language";

export interface Screen {
  permission: string;
  /** The portal's name of the screen, in “quotes”; empty if it has no such screen. */
  label: string;
  about: Record<Language, string>;
  query: string;
  variables(examples: Examples): object;
}

/** Screens of those who manage users, at a partner or at the vendor. */
export const PEOPLE: Screen[] = [
  {
    permission: "USERS_READ",
    label: "“Usuários”",
    about: {
      en: "The people, with their roles, and whether they can sign in.",
      "pt-BR": "As pessoas, com seus papéis, e se podem entrar.",
    },
    query: `query Usuarios($filter: UserFilter, $first: Int, $after: String) {
  users(filter: $filter, first: $first, after: $after) {
    nodes {
      id
      name
      email
      role
      isActive
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
    variables: () => ({ filter: {}, first: 10 }),
  },
  {
    permission: "USERS_MANAGE",
    label: "“Usuários”",
    about: {
      en: "Invite a person, who chooses a password by the link. Without e-mail, pass the link on.",
      "pt-BR": "Convida uma pessoa, que escolhe a senha pelo link. Sem e-mail, repasse o link.",
    },
    query: `mutation ConvidarUsuario($input: InviteUserInput!) {
  inviteUser(input: $input) {
    invitation {
      id
      email
      role
      expiresAt
    }
    invitationUrl
    userErrors { code message path }
  }
}
`,
    variables: ({ role }) => ({
      input: { email: `rita.${unique()}@novo.example`, name: "Rita Lopes", role },
    }),
  },
  {
    permission: "USERS_MANAGE",
    label: "“Usuários”",
    about: {
      en: "Unlink a user from the identity of the OpenID provider, so that another one can be linked.",
      "pt-BR": "Desvincula um usuário do login do provedor de identidade, para que outro possa ser vinculado.",
    },
    query: `mutation DesvincularIdentidade($input: UnlinkIdentityInput!) {
  unlinkIdentity(input: $input) {
    user {
      name
      identityLinkedAt
    }
    userErrors { code message path }
  }
}
`,
    variables: ({ user }) => ({ input: { userId: user } }),
  },
];

export const SCREENS: Screen[] = [
  {
    permission: "ORDERS_READ",
    label: "“Pedido > Comprar”",
    about: {
      en: "What an order would come to; nothing changes.",
      "pt-BR": "Quanto custaria um pedido; nada é alterado.",
    },
    query: `query Comprar($input: QuoteOrderInput!) {
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
    label: "“Confirmar Pedido”",
    about: {
      en: "Create a pending order. Run it twice: the idempotencyKey makes it one all the same.",
      "pt-BR": "Cria um pedido pendente. Execute duas vezes: com a mesma idempotencyKey, o pedido é um só.",
    },
    query: `mutation ConfirmarPedido($input: CreateOrderInput!) {
  createOrder(input: $input) {
    order {
      id
      number
      statusLabel
      totalWithSetupFee
    }
    dryRun
    preview {
      quote {
        items { product { name } quantity totalWithSetupFee }
        totalWithSetupFee
      }
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
    label: "“Meus Pedidos”",
    about: {
      en: "The orders, newest first.",
      "pt-BR": "Os pedidos, do mais recente ao mais antigo.",
    },
    query: `query MeusPedidos($filter: OrderFilter, $first: Int, $after: String) {
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
    label: "“Meus Pedidos > Ações > Aprovar”",
    about: {
      en: "What the order bought is in the stock at once.",
      "pt-BR": "O que foi comprado entra no estoque na hora.",
    },
    query: `mutation AprovarPedido($input: ApproveOrderInput!) {
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
    dryRun
    preview {
      licenseStock {
        product { name }
        before { available additionalSeatsAvailable }
        after { available additionalSeatsAvailable }
      }
    }
    userErrors { code message path }
  }
}
`,
    variables: ({ orderToApprove }) => ({ input: { orderId: orderToApprove, idempotencyKey: unique() } }),
  },
  {
    permission: "ORDERS_CREATE",
    label: "“Meus Pedidos > Ações > Cancelar”",
    about: {
      en: "Only a pending order can be cancelled.",
      "pt-BR": "Só um pedido pendente pode ser cancelado.",
    },
    query: `mutation CancelarPedido($input: CancelOrderInput!) {
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
    label: "“Clientes / ECFs”",
    about: {
      en: "Search by name, without regard to accents, or by CNPJ in any mask. cancellationImpact is what the “X” of the row would do.",
      "pt-BR": "Busca por nome, com ou sem acentos, ou por CNPJ em qualquer formato. cancellationImpact é o que o “X” da linha faria.",
    },
    query: `query ClientesECFs($filter: ClientFilter, $first: Int, $after: String) {
  clients(filter: $filter, first: $first, after: $after) {
    totalCount
    nodes {
      id
      name
      cnpj
      city
      state
      activeActivationCount
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
    label: "“Clientes / ECFs”",
    about: {
      en: "Register a client.",
      "pt-BR": "Cadastra um cliente.",
    },
    query: `mutation CadastrarCliente($input: RegisterClientInput!) {
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
    variables: ({ freeCnpj }) => ({
      input: {
        cnpj: freeCnpj,
        name: "Padaria São João",
        city: "São Paulo",
        state: "SP",
        idempotencyKey: unique(),
      },
    }),
  },
  {
    permission: "CLIENTS_WRITE",
    label: "“Clientes / ECFs”",
    about: {
      en: "Change a client: what is left out is kept.",
      "pt-BR": "Altera um cliente: o que não for informado fica como está.",
    },
    query: `mutation AlterarCliente($input: UpdateClientInput!) {
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
    label: "“Cancelamento de Cliente”",
    about: {
      en: "All its licenses are free again, and its CNPJ leaves the portal.",
      "pt-BR": "Todas as licenças dele ficam livres, e o CNPJ sai do portal.",
    },
    query: `mutation CancelamentoDeCliente($input: CancelClientInput!) {
  cancelClient(input: $input) {
    cancelledActivationCount
    releasedLicenses {
      product { name }
      licenses
      additionalSeats
    }
    cancelledActivations {
      product { name }
      status
      cancellationReason
    }
    erased { kind count }
    licenseStock {
      product { name }
      available
      additionalSeatsAvailable
    }
    client {
      name
      cnpj
      status
    }
    dryRun
    preview {
      events { type count }
      licenseStock {
        product { name }
        before { available additionalSeatsAvailable }
        after { available additionalSeatsAvailable }
      }
      erased { kind count }
    }
    userErrors { code message path }
  }
}
`,
    variables: ({ clientToCancel }) => ({ input: { clientId: clientToCancel, idempotencyKey: unique() } }),
  },
  {
    permission: "ACTIVATIONS_READ",
    label: "“Licenças > Detalhes da Ativação”",
    about: {
      en: "Search by name, CNPJ or “chave de ativação”.",
      "pt-BR": "Busca por nome, CNPJ ou chave de ativação.",
    },
    query: `query DetalhesDaAtivacao($filter: ActivationFilter, $first: Int, $after: String) {
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
    label: "“Licenças”",
    about: {
      en: "Activate one: the client's installation shows its “chave de ativação”.",
      "pt-BR": "Ativa uma licença: a instalação do cliente mostra a chave de ativação.",
    },
    query: `mutation AtivarLicenca($input: ActivateLicenseInput!) {
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
    warnings { code message path }
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
    label: "“Cancelamento de licença”",
    about: {
      en: "Its license and seats are free again.",
      "pt-BR": "A licença e os acessos dela ficam livres.",
    },
    query: `mutation CancelamentoDeLicenca($input: CancelActivationInput!) {
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
      additionalSeatsAvailable
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
    label: "“Substituição”",
    about: {
      en: "Move a license to another client or key, in one step that needs no second license.",
      "pt-BR": "Passa uma licença para outro cliente ou outra chave, de uma vez e sem uma segunda licença.",
    },
    query: `mutation SubstituicaoDeLicenca($input: MoveActivationInput!) {
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
    licenseStock {
      product { name }
      available
      additionalSeatsAvailable
    }
    warnings { code message path }
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
    permission: "ACTIVATIONS_WRITE",
    label: "“Ativar Licença”",
    about: {
      en: "Activate up to 100 licenses at once. As it is, dryRun changes nothing.",
      "pt-BR": "Ativa até 100 licenças de uma vez. Com dryRun, como está aqui, nada é alterado.",
    },
    query: `mutation AtivarLicencas($input: ActivateLicensesInput!) {
  activateLicenses(input: $input) {
    results {
      index
      status
      activation { authorizationCode }
      userErrors { code message path }
    }
    licenseStock {
      product { name }
      available
    }
    dryRun
    preview { licenseStock { after { available } } }
    userErrors { code message path }
  }
}
`,
    variables: ({ client, productInStock }) => ({
      input: {
        items: [{ clientId: client, productId: productInStock, activationKey: `CAIXA-${unique()}`.toUpperCase() }],
        dryRun: true,
      },
    }),
  },
  {
    permission: "ACTIVATIONS_WRITE",
    label: "“Cancelamento de licença”",
    about: {
      en: "Cancel up to 100 activations at once, by ids or by a filter. As it is, dryRun changes nothing.",
      "pt-BR": "Cancela até 100 ativações de uma vez, por ids ou filtro. Com dryRun, como está aqui, nada é alterado.",
    },
    query: `mutation CancelarLicencas($input: CancelActivationsInput!) {
  cancelActivations(input: $input) {
    results {
      index
      status
      activation { status }
      userErrors { code message path }
    }
    licenseStock {
      product { name }
      available
    }
    dryRun
    preview { licenseStock { after { available } } }
    userErrors { code message path }
  }
}
`,
    variables: ({ activation }) => ({
      input: { activationIds: [activation], reason: "Troca de computadores", dryRun: true },
    }),
  },
  {
    permission: "ACTIVATIONS_WRITE",
    label: "“Substituição”",
    about: {
      en: "Move up to 100 licenses at once. As it is, dryRun changes nothing.",
      "pt-BR": "Transfere até 100 licenças de uma vez. Com dryRun, como está aqui, nada é alterado.",
    },
    query: `mutation TransferirLicencas($input: MoveActivationsInput!) {
  moveActivations(input: $input) {
    results {
      index
      status
      activation { authorizationCode }
      userErrors { code message path }
    }
    dryRun
    preview { licenseStock { after { available } } }
    userErrors { code message path }
  }
}
`,
    variables: ({ activation, client }) => ({
      input: {
        items: [
          { activationId: activation, toClientId: client, activationKey: `CAIXA-${unique()}`.toUpperCase() },
        ],
        dryRun: true,
      },
    }),
  },
  {
    permission: "ACTIVATIONS_WRITE",
    label: "“Detalhes da Ativação”",
    about: {
      en: "Correct the note of an activation; its license and key stay as they are.",
      "pt-BR": "Corrige a observação de uma ativação; a licença e a chave não mudam.",
    },
    query: `mutation CorrigirAtivacao($input: UpdateActivationInput!) {
  updateActivation(input: $input) {
    activation {
      activationKey
      note
      client { name }
    }
    licenseStock { available }
    userErrors { code message path }
  }
}
`,
    variables: ({ activationToCancel }) => ({
      input: { activationId: activationToCancel, note: "Caixa 2, ao lado da padaria", idempotencyKey: unique() },
    }),
  },
  {
    permission: "ACTIVATIONS_READ",
    label: "“Estoque do parceiro”",
    about: {
      en: "What is left of each product, and why.",
      "pt-BR": "O que resta de cada produto, e por quê.",
    },
    query: `query EstoqueDoParceiro($movements: Int) {
  licenseStock {
    product { name }
    purchased
    bonus
    activated
    available
    low
    warningBelow
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
    permission: "STOCK_MANAGE",
    label: "“Estoque do parceiro”",
    about: {
      en: "Be warned when few licenses of a product are left.",
      "pt-BR": "Avisa quando restarem poucas licenças de um produto.",
    },
    query: `mutation AvisoDeEstoque($input: UpdateLicenseStockThresholdInput!) {
  updateLicenseStockThreshold(input: $input) {
    partner { policy { stockWarningBelow } }
    licenseStock {
      product { name }
      available
      low
      warningBelow
    }
    userErrors { code message path }
  }
}
`,
    variables: ({ productInStock }) => ({
      input: { productId: productInStock, warningBelow: 10, idempotencyKey: unique() },
    }),
  },
  {
    permission: "CLIENTS_WRITE",
    label: "“Clientes / ECFs”",
    about: {
      en: "Register the clients of a sheet. As it is, dryRun changes nothing.",
      "pt-BR": "Cadastra os clientes de uma planilha. Com dryRun, como está aqui, nada é alterado.",
    },
    query: `mutation ImportarClientes($input: ImportClientsInput!) {
  importClients(input: $input) {
    rows {
      line
      statusLabel
      reason
    }
    registeredCount
    alreadyRegisteredCount
    invalidCount
    warnings { message lines }
    report
    userErrors { code message path }
  }
}
`,
    variables: ({ freeCnpj }) => ({
      input: { content: `CNPJ;Razão Social;Cidade/UF\n${freeCnpj};Padaria Sol;Recife/PE\n`, dryRun: true },
    }),
  },
  {
    permission: "EXPORTS_CREATE",
    label: "“Clientes / ECFs”",
    about: {
      en: "The clients as a file: open the URL at this address within 10 minutes.",
      "pt-BR": "Os clientes como arquivo: abra a URL neste endereço em até 10 minutos.",
    },
    query: `mutation ExportarClientes($input: CreateExportInput!) {
  createExport(input: $input) {
    export {
      url
      expiresAt
    }
    userErrors { code message path }
  }
}
`,
    variables: () => ({
      input: { list: { clients: { filter: { search: "" }, sort: { by: "NAME" } } }, format: "CSV" },
    }),
  },
  ...PEOPLE,
  {
    permission: "EVENTS_READ",
    label: "",
    about: {
      en: "The last changes, each with a sentence in the language of the page.",
      "pt-BR": "As últimas alterações, cada uma com uma frase no idioma da página.",
    },
    query: `query Eventos($filter: EventFilter, $last: Int) {
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
  {
    permission: "EVENTS_READ",
    label: "",
    about: {
      en: "The same changes as they happen: a subscription. Let it run, and change something in another tab.",
      "pt-BR": "As mesmas alterações na hora em que acontecem: deixe rodando e altere algo em outra aba.",
    },
    query: `subscription AcompanharEventos($after: String, $filter: EventFilter) {
  events(after: $after, filter: $filter) {
    number
    type
    occurredAt
    message
    cursor
  }
}
`,
    variables: () => ({ after: null, filter: {} }),
  },
  {
    permission: "WEBHOOKS_READ",
    label: "",
    about: {
      en: "The webhooks, and what became of the last messages to each.",
      "pt-BR": "Os webhooks, e o que aconteceu com as últimas mensagens de cada um.",
    },
    query: `query Webhooks($filter: WebhooksFilter, $first: Int) {
  webhooks(filter: $filter, first: $first) {
    nodes {
      id
      url
      state
      suspensionReason
      failingSince
      nextAttemptAt
      deliveries(first: 3) {
        nodes { status failure httpStatus durationMs answer createdAt }
      }
    }
  }
}
`,
    variables: () => ({ filter: {}, first: 20 }),
  },
  {
    permission: "WEBHOOKS_MANAGE",
    label: "",
    about: {
      en: "Send the activations to a URL as they happen. Keep the secret: it is shown only once.",
      "pt-BR": "Envie as ativações a uma URL quando acontecem. Guarde o segredo: ele só aparece uma vez.",
    },
    query: `mutation CriarWebhook($input: CreateWebhookInput!) {
  createWebhook(input: $input) {
    webhook {
      id
      url
      state
      publicKey
    }
    secret
    userErrors { code message path }
  }
}
`,
    variables: () => ({
      input: {
        url: "https://erp.example/webhooks",
        filter: { types: ["LICENSE_ACTIVATED", "ACTIVATION_CANCELLED"] },
        selection: "{ message client { name } }",
      },
    }),
  },
];
