/** The screens of the vendor's people, who see all partners and act on behalf of each. */

import { unique } from "./examples";
import { PEOPLE, type Screen } from "./screens";

/** Return the first moment of the running month in the portal's time zone, UTC. */
function beginOfMonth(): string {
  return beginOfMonthAfter(0);
}

function beginOfNextMonth(): string {
  return beginOfMonthAfter(1);
}

function beginOfMonthAfter(months: number): string {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months)).toISOString();
}

export const VENDOR_SCREENS: Screen[] = [
  {
    permission: "CLIENTS_READ",
    label: "“Parceiros”",
    about: {
      en: "All partners, with their status, policies and what they have.",
      "pt-BR": "Todos os parceiros, com situação, políticas e o que cada um tem.",
    },
    query: `query Parceiros($filter: PartnerFilter, $first: Int, $after: String) {
  partners(filter: $filter, first: $first, after: $after) {
    nodes {
      id
      name
      cnpj
      status
      suspensionReason
      policy {
        fourEyes
        approvalCeiling
        stockWarningBelow
        apiTokenNetworks
      }
      clients(status: ACTIVE) { totalCount }
      orders(status: PENDING) { totalCount }
      licenseStock {
        product { name }
        available
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
    variables: () => ({ filter: { search: "" }, first: 10 }),
  },
  {
    permission: "ORDERS_READ",
    label: "“Pedidos a faturar”",
    about: {
      en: "The orders completed since the begin of the month, and their sums.",
      "pt-BR": "Os pedidos finalizados desde o início do mês, e quanto somam.",
    },
    query: `query PedidosAFaturar($filter: OrderFilter, $first: Int, $after: String) {
  ordersTotal(filter: $filter) {
    count
    monthlyTotal
    setupFeeTotal
    totalWithSetupFee
  }
  orders(filter: $filter, first: $first, after: $after) {
    nodes {
      number
      partner { name }
      approvedAt
      approvedBy { name }
      totalWithSetupFee
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
    variables: () => ({ filter: { status: ["COMPLETED"], completedAt: { from: beginOfMonth() } }, first: 10 }),
  },
  {
    permission: "ACTIVATIONS_READ",
    label: "“Licenças > Detalhes da Ativação”",
    about: {
      en: "Whose client is this installation? Search all partners by name, CNPJ or “chave de ativação”.",
      "pt-BR": "De quem é esta instalação? Busca em todos os parceiros por nome, CNPJ ou chave de ativação.",
    },
    query: `query Instalacoes($filter: ActivationFilter, $first: Int, $after: String) {
  activations(filter: $filter, first: $first, after: $after) {
    nodes {
      activationKey
      authorizationCode
      product { name }
      client { name cnpj }
      partner { name }
      status
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
    variables: () => ({ filter: { search: "" }, first: 10 }),
  },
  {
    permission: "ORDERS_READ",
    label: "“Pedido > Comprar”",
    about: {
      en: "What an order of a partner would come to; nothing changes.",
      "pt-BR": "Quanto custaria um pedido de um parceiro; nada é alterado.",
    },
    query: `query ComprarParaParceiro($partner: ID!, $input: QuoteOrderInput!) {
  priceTable(partnerId: $partner) {
    name
  }
  quoteOrder(input: $input) {
    quote {
      items {
        product { name }
        totalQuantity
        totalWithSetupFee
      }
      totalWithSetupFee
    }
    userErrors { code message path }
  }
}
`,
    variables: ({ partner, product }) => ({
      partner,
      input: { partnerId: partner, type: "PURCHASE", items: [{ productId: product, quantity: 10 }] },
    }),
  },
  {
    permission: "ORDERS_CREATE",
    label: "“Confirmar Pedido”",
    about: {
      en: "Create an order on behalf of a partner, which sees who it was.",
      "pt-BR": "Cria um pedido em nome de um parceiro, que vê quem o fez.",
    },
    query: `mutation PedidoParaParceiro($input: CreateOrderInput!) {
  createOrder(input: $input) {
    order {
      id
      number
      partner { name }
      createdBy { name }
      totalWithSetupFee
    }
    userErrors { code message path }
  }
}
`,
    variables: ({ partner, product }) => ({
      input: {
        partnerId: partner,
        type: "PURCHASE",
        items: [{ productId: product, quantity: 10 }],
        idempotencyKey: unique(),
      },
    }),
  },
  {
    permission: "ORDERS_APPROVE",
    label: "“Meus Pedidos > Ações > Aprovar”",
    about: {
      en: "Approve on behalf of the partner, also above its ceiling.",
      "pt-BR": "Aprova em nome do parceiro, também acima do limite dele.",
    },
    query: `mutation AprovarParaParceiro($input: ApproveOrderInput!) {
  approveOrder(input: $input) {
    order {
      number
      partner { name }
      statusLabel
      approvedBy { name }
    }
    userErrors { code message path }
  }
}
`,
    variables: ({ partner, orderToApprove }) => ({
      input: { partnerId: partner, orderId: orderToApprove, idempotencyKey: unique() },
    }),
  },
  {
    permission: "PARTNERS_MANAGE",
    label: "“Parceiros”",
    about: {
      en: "Create a partner.",
      "pt-BR": "Cadastra um parceiro.",
    },
    query: `mutation CadastrarParceiro($input: CreatePartnerInput!) {
  createPartner(input: $input) {
    partner {
      id
      name
      cnpj
      status
    }
    userErrors { code message path }
  }
}
`,
    variables: ({ freeCnpj }) => ({
      input: { cnpj: freeCnpj, name: "Delta Automação Ltda", contacts: [{ name: "Rita Lopes", phone: "11 5555-0100" }] },
    }),
  },
  {
    permission: "PARTNERS_MANAGE",
    label: "“Políticas do parceiro”",
    about: {
      en: "Four eyes, a ceiling, and a warning about the stock. What is left out is kept; null turns a policy off.",
      "pt-BR":
        "Quatro olhos, um limite e um aviso de estoque. O que não for informado fica como está; null desliga a política.",
    },
    query: `mutation PoliticasDoParceiro($input: SetPartnerPolicyInput!) {
  setPartnerPolicy(input: $input) {
    partner {
      name
      policy {
        fourEyes
        approvalCeiling
        stockWarningBelow
        apiTokenNetworks
      }
    }
    userErrors { code message path }
  }
}
`,
    variables: ({ partner }) => ({ input: { partnerId: partner, approvalCeiling: "80000.00", stockWarningBelow: 10 } }),
  },
  {
    permission: "PARTNERS_MANAGE",
    label: "“Parceiros”",
    about: {
      en: "Suspend a partner: it reads and cancels, and orders and activates no more.",
      "pt-BR": "Suspende um parceiro: ele consulta e cancela, mas não compra nem ativa.",
    },
    query: `mutation SuspenderParceiro($input: SuspendPartnerInput!) {
  suspendPartner(input: $input) {
    partner {
      name
      status
      suspensionReason
    }
    userErrors { code message path }
  }
}
`,
    variables: ({ partnerToSuspend }) => ({ input: { partnerId: partnerToSuspend, reason: "inadimplência" } }),
  },
  {
    permission: "PARTNERS_MANAGE",
    label: "“Parceiros”",
    about: {
      en: "End the suspension of a partner.",
      "pt-BR": "Encerra a suspensão de um parceiro.",
    },
    query: `mutation ReabilitarParceiro($input: ReinstatePartnerInput!) {
  reinstatePartner(input: $input) {
    partner {
      name
      status
    }
    userErrors { code message path }
  }
}
`,
    variables: ({ suspendedPartner }) => ({ input: { partnerId: suspendedPartner } }),
  },
  {
    permission: "PRODUCTS_MANAGE",
    label: "“Produtos”",
    about: {
      en: "Create a product; partners can order it once their prices have it.",
      "pt-BR": "Cadastra um produto; os parceiros podem comprá-lo quando ele tiver preço na pauta.",
    },
    query: `mutation CadastrarProduto($input: CreateProductInput!) {
  createProduct(input: $input) {
    product {
      id
      code
      name
      includedSeats
    }
    userErrors { code message path }
  }
}
`,
    variables: () => ({
      input: {
        code: `NFCE-${unique()}`.slice(0, 12).toUpperCase(),
        name: "Módulo NFC-e",
        includedSeats: 1,
        idempotencyKey: unique(),
      },
    }),
  },
  {
    permission: "PRODUCTS_MANAGE",
    label: "“Produtos”",
    about: {
      en: "Retire a product: no new orders; what was bought stays usable.",
      "pt-BR": "Tira um produto de venda: o que já foi comprado continua em uso.",
    },
    query: `mutation RetirarProduto($input: RetireProductInput!) {
  retireProduct(input: $input) {
    product {
      code
      active
    }
    userErrors { code message path }
  }
}
`,
    variables: ({ productToRetire }) => ({ input: { productId: productToRetire, idempotencyKey: unique() } }),
  },
  {
    permission: "PRODUCTS_MANAGE",
    label: "“Produtos”",
    about: {
      en: "Sell a retired product again.",
      "pt-BR": "Volta a vender um produto que foi retirado de venda.",
    },
    query: `mutation ReabilitarProduto($input: ReinstateProductInput!) {
  reinstateProduct(input: $input) {
    product {
      code
      active
    }
    userErrors { code message path }
  }
}
`,
    variables: ({ retiredProduct }) => ({ input: { productId: retiredProduct, idempotencyKey: unique() } }),
  },
  {
    permission: "PRODUCTS_MANAGE",
    label: "“Produtos”",
    about: {
      en: "Create or update the products of a sheet. As it is, dryRun changes nothing.",
      "pt-BR": "Cadastra ou altera os produtos de uma planilha. Com dryRun, como está aqui, nada é alterado.",
    },
    query: `mutation ImportarProdutos($input: ImportProductsInput!) {
  importProducts(input: $input) {
    rows {
      line
      statusLabel
      reason
      product { code name }
    }
    createdCount
    updatedCount
    unchangedCount
    invalidCount
    report
    userErrors { code message path }
  }
}
`,
    variables: () => ({
      input: { content: "Código;Nome;Usuários incluídos;Ativo\nNFCE;Módulo NFC-e;1;sim\n", dryRun: true },
    }),
  },
  {
    permission: "ORDERS_READ",
    label: "“Pauta Preço”",
    about: {
      en: "The price tables, with their versions: drafts, what is in force, and what begins later.",
      "pt-BR": "As pautas de preço, com suas versões: rascunhos, o que vale agora e o que começa depois.",
    },
    query: `query PautasDePreco($first: Int, $after: String) {
  priceTables(first: $first, after: $after) {
    nodes {
      id
      name
      versions {
        number
        state
        beginsAt
        publishedBy { name }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
    variables: () => ({ first: 10 }),
  },
  {
    permission: "PRICES_MANAGE",
    label: "“Pauta Preço”",
    about: {
      en: "Draft new prices of a product; nothing changes for partners before they are published.",
      "pt-BR": "Rascunha novos preços de um produto; nada muda para os parceiros antes da publicação.",
    },
    query: `mutation RascunhoDePauta($input: DraftPriceTableInput!) {
  draftPriceTable(input: $input) {
    version {
      number
      state
    }
    warnings {
      product { name }
      orderType
      minimumQuantity
    }
    userErrors { code message path }
  }
}
`,
    variables: ({ priceTable, product }) => ({
      input: {
        priceTableId: priceTable,
        prices: [
          {
            productId: product,
            orderType: "PURCHASE",
            tiers: [
              { minimumQuantity: 1, unitMonthlyPrice: "99.90", unitSetupFee: "150.00" },
              { minimumQuantity: 10, unitMonthlyPrice: "89.90", unitSetupFee: "150.00", bonusQuantity: 1 },
            ],
          },
        ],
        idempotencyKey: unique(),
      },
    }),
  },
  {
    permission: "PRICES_MANAGE",
    label: "“Pauta Preço”",
    about: {
      en: "Publish the draft with the day it begins. A published version never changes; pending orders keep their prices.",
      "pt-BR":
        "Publica o rascunho com o início da vigência. A versão publicada não muda mais; pedidos pendentes mantêm os preços.",
    },
    query: `mutation PublicarPauta($input: PublishPriceTableInput!) {
  publishPriceTable(input: $input) {
    priceTable { name }
    version {
      number
      state
      beginsAt
    }
    userErrors { code message path }
  }
}
`,
    variables: ({ priceTable }) => ({
      input: { priceTableId: priceTable, beginsAt: beginOfNextMonth(), idempotencyKey: unique() },
    }),
  },
  {
    permission: "PRICES_MANAGE",
    label: "“Pauta Preço”",
    about: {
      en: "Give a price table another name, for all partners that buy by it.",
      "pt-BR": "Dá outro nome a uma pauta de preços, para todos os parceiros que compram por ela.",
    },
    query: `mutation RenomearPauta($input: RenamePriceTableInput!) {
  renamePriceTable(input: $input) {
    priceTable { name }
    userErrors { code message path }
  }
}
`,
    variables: ({ priceTable }) => ({
      input: { priceTableId: priceTable, name: `Pauta ${beginOfMonth().slice(0, 7)}`, idempotencyKey: unique() },
    }),
  },
  {
    permission: "PRICES_MANAGE",
    label: "“Pauta Preço”",
    about: {
      en: "Write the prices of a sheet to the draft. As it is, dryRun changes nothing.",
      "pt-BR": "Grava os preços de uma planilha no rascunho. Com dryRun, como está aqui, nada é alterado.",
    },
    query: `mutation ImportarPrecos($input: ImportPricesInput!) {
  importPrices(input: $input) {
    tierCount
    invalidRows { line reason }
    version { number state }
    warnings {
      product { name }
      minimumQuantity
    }
    sheetWarnings { message }
    userErrors { code message path }
  }
}
`,
    variables: ({ priceTable, productCode }) => ({
      input: {
        priceTableId: priceTable,
        content: [
          "Produto;Tipo;Quantidade mínima;Valor unitário mensal;Valor adesão;Bônus",
          `${productCode};Compra;1;99,90;150,00;0`,
          `${productCode};Compra;10;89,90;150,00;1`,
        ].join("\n"),
        dryRun: true,
      },
    }),
  },
  {
    permission: "DOCUMENTS_MANAGE",
    label: "",
    about: {
      en: "The trusted documents, which clients request by an id.",
      "pt-BR": "Os documentos registrados, que os clientes pedem por um id.",
    },
    query: `query DocumentosRegistrados($filter: TrustedDocumentFilter, $first: Int, $after: String) {
  trustedDocuments(filter: $filter, first: $first, after: $after) {
    nodes {
      id
      operations
      registeredAt
      errors
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
    variables: () => ({ filter: {}, first: 10 }),
  },
  ...PEOPLE,
  {
    permission: "EVENTS_READ",
    label: "",
    about: {
      en: "The last changes of a partner; actor says who of the vendor acted on its behalf.",
      "pt-BR": "As últimas alterações de um parceiro; actor diz quem do fornecedor agiu em nome dele.",
    },
    query: `query EventosDoParceiro($filter: EventFilter, $last: Int) {
  events(filter: $filter, last: $last) {
    nodes {
      number
      type
      occurredAt
      message
      actor { name worksForVendor }
    }
  }
}
`,
    variables: ({ partner }) => ({ filter: { partnerId: partner }, last: 10 }),
  },
];
