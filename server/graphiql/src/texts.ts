/** Texts of the page: the bar, the sign-in, confirmations, and notes in the tabs. */

import type { Ending } from "./endings";
import type { Example } from "./examples";
import { type Language, language } from "./language";

interface Texts {
  welcome: string;
  sessionEnded: string;
  sessionNeeded: string;
  signIn: string;
  signingIn: string;
  signOut: string;
  newExamples: string;
  newExamplesHint: string;
  demoUser: string;
  roles: Record<string, string>;
  email: string;
  password: string;
  codeNeeded: string;
  code: string;
  back: string;
  lookAround: string;
  noSession: string;
  unreachable: string;
  /** Before the names of mutations. */
  runQuestion: string;
  operation: string;
  run: string;
  doNotRun: string;
  notRun: string;
  ends: Record<Ending, string>;
  noExample: Record<Example, string>;
  fillIn: string;
}

const TEXTS: Record<Language, Texts> = {
  en: {
    welcome: "The tabs are ready-made for each screen of the portal, and work on what you may see there.",
    sessionEnded: "Your session has ended. Sign in again to go on where you were.",
    sessionNeeded: "That operation needs somebody who is signed in.",
    signIn: "Sign in",
    signingIn: "Signing in …",
    signOut: "Sign out",
    newExamples: "New examples",
    newExamplesHint: "Fill the ready-made tabs with ids of now",
    demoUser: "Demo user",
    roles: {
      MANAGER: "manager",
      OPERATOR: "operator",
      VIEWER: "viewer",
      VENDOR_ADMIN: "administrator",
      VENDOR_SALES: "sales",
      VENDOR_VIEWER: "viewer",
    },
    email: "E-mail",
    password: "Password",
    codeNeeded: "Enter the code of your authenticator app, or a recovery code.",
    code: "Code",
    back: "Start again",
    lookAround: "Just look around",
    noSession: "The portal did not begin a session.",
    unreachable: "The portal can't be reached.",
    runQuestion: "Run",
    operation: "Operation",
    run: "Run it",
    doNotRun: "Don't run it",
    notRun: "Not run: you were asked, and said no.",
    ends: {
      approveOrder: "The order is completed, and what it bought is in the stock. This can't be undone.",
      cancelActivation: "The activation ends, and its license is free again. This can't be undone.",
      cancelActivations: "The activations end, and their licenses are free again. This can't be undone.",
      cancelClient:
        "All licenses of the client are free again, and its name, CNPJ and place are erased. This can't be undone.",
      cancelOrder: "The order is cancelled. This can't be undone.",
      closePartner: "The partner is closed for good. This can't be undone.",
      deactivateUser: "The person can't sign in any more, and all sessions and tokens end.",
      deleteWebhook: "The webhook and its keys are gone, and nothing more is sent to it. This can't be undone.",
      disableTotp: "Signing in needs the password alone from then on.",
      erasePartnerContacts: "The partner's contacts are erased. This can't be undone.",
      moveActivation: "The activation ends, and its license goes to the new one. This can't be undone.",
      moveActivations: "The activations end, and their licenses go to the new ones. This can't be undone.",
      publishPriceTable: "The draft becomes prices that never change. This can't be undone.",
      removeDocuments: "Clients can't request the documents any more.",
      resetSecondFactor: "The person signs in by the password alone until a new app is enrolled.",
      retireProduct: "The product can't be ordered any more.",
      revokeInvitation: "The invitation's link does not work any more.",
      revokeApiToken: "Whatever uses the token can't sign in any more. This can't be undone.",
      signOutEverywhere: "All sessions of the person end, perhaps this one too.",
      suspendPartner: "The partner can neither order, approve nor activate until it is reinstated.",
      unlinkIdentity: "The person can't sign in by the identity any more until one is linked again.",
    },
    noExample: {
      product: "There is no product to order; the vendor has to add one first.",
      productInStock: "There is no free license in the stock; order some and approve the order first.",
      orderToApprove: "There is no pending order to approve; create one first.",
      orderToCancel: "There is no second pending order to cancel; create one first.",
      client: "There is no client for this; register one first.",
      activation: "There is no fourth client with an active license; activate a license for one first.",
      clientToCancel: "There is no client with an active license to cancel; activate a license for one first.",
      activationToCancel: "There is no second client with an active license; activate a license for one first.",
      activationToMove: "There is no third client with an active license; activate a license for one first.",
      partner: "There is no active partner for this; create one first.",
      partnerToSuspend: "There is no second active partner to suspend; create one first.",
      suspendedPartner: "There is no suspended partner to reinstate; suspend one first.",
      priceTable: "There is no price table; create one first.",
      role: "Choose a role.",
      user: "There is no user.",
      productCode: "There is no product; create one first.",
      productToRetire: "There is no second product on sale to retire; create one first.",
      retiredProduct: "No product is retired.",
      freeCnpj: "There is no CNPJ to register; fill one in.",
    },
    fillIn: "This is no demonstration: fill in what it works on.",
  },
  "pt-BR": {
    welcome: "As abas já vêm prontas, uma para cada tela do portal, e usam o que você pode ver nele.",
    sessionEnded: "Sua sessão terminou. Entre de novo para continuar de onde parou.",
    sessionNeeded: "Para executar essa operação é preciso entrar.",
    signIn: "Entrar",
    signingIn: "Entrando …",
    signOut: "Sair",
    newExamples: "Novos exemplos",
    newExamplesHint: "Preencher as abas prontas com os ids de agora",
    demoUser: "Usuário de demonstração",
    roles: {
      MANAGER: "gerente",
      OPERATOR: "operador",
      VIEWER: "consulta",
      VENDOR_ADMIN: "administração",
      VENDOR_SALES: "vendas",
      VENDOR_VIEWER: "consulta",
    },
    email: "E-mail",
    password: "Senha",
    codeNeeded: "Digite o código do seu aplicativo autenticador ou um código de recuperação.",
    code: "Código",
    back: "Começar de novo",
    lookAround: "Só dar uma olhada",
    noSession: "O portal não iniciou a sessão.",
    unreachable: "Não foi possível acessar o portal.",
    runQuestion: "Executar",
    operation: "Operação",
    run: "Executar",
    doNotRun: "Não executar",
    notRun: "Não executado: a pergunta foi respondida com não.",
    ends: {
      approveOrder: "O pedido é finalizado, e o que foi comprado entra no estoque. Não há como desfazer.",
      cancelActivation: "A ativação é encerrada, e a licença fica livre. Não há como desfazer.",
      cancelActivations: "As ativações terminam, e as licenças delas ficam livres. Não há como desfazer.",
      cancelClient:
        "Todas as licenças do cliente ficam livres, e nome, CNPJ e cidade dele são apagados. Não há como desfazer.",
      cancelOrder: "O pedido é cancelado. Não há como desfazer.",
      closePartner: "O parceiro é encerrado de vez. Não há como desfazer.",
      deactivateUser: "A pessoa não entra mais, e todas as sessões e tokens dela terminam.",
      deleteWebhook: "O webhook e as suas chaves deixam de existir, e nada mais é enviado. Não há como desfazer.",
      disableTotp: "Para entrar passará a bastar a senha.",
      erasePartnerContacts: "Os contatos do parceiro são apagados. Não há como desfazer.",
      moveActivation: "A ativação é encerrada, e a licença passa para a nova. Não há como desfazer.",
      moveActivations: "As ativações terminam, e as licenças delas passam às novas. Não há como desfazer.",
      publishPriceTable: "O rascunho vira preços que não mudam mais. Não há como desfazer.",
      removeDocuments: "Os clientes não podem mais pedir os documentos.",
      resetSecondFactor: "A pessoa entra só com a senha até cadastrar outro aplicativo.",
      retireProduct: "O produto não pode mais ser comprado.",
      revokeInvitation: "O link do convite deixa de funcionar.",
      revokeApiToken: "O que usa esse token deixa de ter acesso. Não há como desfazer.",
      signOutEverywhere: "Todas as sessões da pessoa terminam, talvez esta também.",
      suspendPartner: "O parceiro não compra, aprova nem ativa até ser reabilitado.",
      unlinkIdentity: "A pessoa não entra mais pelo provedor de identidade até que o login seja vinculado de novo.",
    },
    noExample: {
      product: "Não há produto para pedir; primeiro a Moderniza precisa cadastrar um.",
      productInStock: "Não há licença livre no estoque; primeiro faça um pedido e aprove.",
      orderToApprove: "Não há pedido pendente para aprovar; primeiro crie um.",
      orderToCancel: "Não há um segundo pedido pendente para cancelar; primeiro crie um.",
      client: "Não há cliente para isto; primeiro cadastre um.",
      activation: "Não há um quarto cliente com licença ativa; primeiro ative uma licença para ele.",
      clientToCancel: "Não há cliente com licença ativa para cancelar; primeiro ative uma licença para um cliente.",
      activationToCancel: "Não há um segundo cliente com licença ativa; primeiro ative uma licença para ele.",
      activationToMove: "Não há um terceiro cliente com licença ativa; primeiro ative uma licença para ele.",
      partner: "Não há parceiro ativo para isto; primeiro cadastre um.",
      partnerToSuspend: "Não há um segundo parceiro ativo para suspender; primeiro cadastre um.",
      suspendedPartner: "Não há parceiro suspenso para reabilitar; primeiro suspenda um.",
      priceTable: "Não há pauta de preço; primeiro crie uma.",
      role: "Escolha um perfil.",
      user: "Não há usuário.",
      productCode: "Não há produto; cadastre um antes.",
      productToRetire: "Não há um segundo produto à venda para retirar; primeiro cadastre um.",
      retiredProduct: "Nenhum produto está retirado de venda.",
      freeCnpj: "Não há CNPJ para cadastrar; preencha um.",
    },
    fillIn: "Isto não é uma demonstração: preencha o que a operação deve alterar.",
  },
};

export const texts: Texts = TEXTS[language];
