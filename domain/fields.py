"""Fields of inputs as sentences for a person call them, and the places of entries in lists."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from domain.languages import Language, Noun, Text

FIELDS: Mapping[str, Noun] = {
    "activationId": Noun(pt="a ativação", en="the activation"),
    "activationIds": Noun(pt="a ativação", en="the activation"),
    "activationKey": Noun(pt="a chave de ativação", en="the activation key"),
    "activations": Noun(pt="as ativações", en="the activations"),
    "actorId": Noun(pt="o usuário", en="the user"),
    "additionalSeats": Noun(pt="a quantidade de usuários adicionais", en="the number of additional seats"),
    "allOrNothing": Noun(pt="a opção “tudo ou nada”", en="the option “all or nothing”"),
    "apiTokenId": Noun(pt="o token de API", en="the API token"),
    "apiTokenNetworks": Noun(pt="a rede", en="the network"),
    "approvalCeiling": Noun(pt="o limite de aprovação", en="the approval limit"),
    "batchSize": Noun(pt="a quantidade de eventos por mensagem", en="the number of events in a message"),
    "beginsAt": Noun(pt="o início da vigência", en="the start date"),
    "bonusQuantity": Noun(pt="o bônus", en="the bonus"),
    "challenge": Noun(pt="a tentativa de acesso", en="the sign-in"),
    "city": Noun(pt="o município", en="the city"),
    "canLinkAgain": Noun(pt="a permissão de vincular de novo", en="the permission to link again"),
    "clientId": Noun(pt="o cliente", en="the client"),
    "clients": Noun(pt="os clientes", en="the clients"),
    "cnpj": Noun(pt="o CNPJ", en="the CNPJ"),
    "code": Noun(pt="o código", en="the code"),
    "columns": Noun(pt="a coluna", en="the column"),
    "contacts": Noun(pt="o contato", en="the contact"),
    "content": Noun(pt="o arquivo", en="the file"),
    "contentEncoding": Noun(pt="o formato do arquivo", en="the format of the file"),
    "copyOfVersion": Noun(pt="a versão a copiar", en="the version to copy"),
    "csvStyle": Noun(pt="o estilo do CSV", en="the style of the CSV"),
    "currentPassword": Noun(pt="a senha atual", en="the current password"),
    "dryRun": Noun(pt="a opção “simular”", en="the option “dry run”"),
    "ecfSerialNumber": Noun(pt="o número de série do ECF", en="the ECF serial number"),
    "dropFormerKeys": Noun(pt="o descarte das chaves anteriores", en="the drop of the former keys"),
    "email": Noun(pt="o e-mail", en="the e-mail address"),
    "events": Noun(pt="os eventos", en="the events"),
    "expectedCount": Noun(pt="a quantidade esperada", en="the expected number"),
    "expectedTotal": Noun(pt="o total esperado", en="the expected total"),
    "expiresAt": Noun(pt="a validade", en="the expiry date"),
    "filter": Noun(pt="o filtro", en="the filter"),
    "format": Noun(pt="o formato do arquivo", en="the format of the file"),
    "fourEyes": Noun(pt="a regra de aprovação por outra pessoa", en="the rule of approval by another person"),
    "from": Noun(pt="o cursor", en="the cursor"),
    "ids": Noun(pt="o documento", en="the document"),
    "idempotencyKey": Noun(pt="a chave de idempotência", en="the idempotency key"),
    "includedSeats": Noun(pt="a quantidade de usuários incluídos", en="the number of included seats"),
    "invitationId": Noun(pt="o convite", en="the invitation"),
    "items": Noun(pt="o item", en="the item"),
    "licenseStock": Noun(pt="o estoque de licenças", en="the license stock"),
    "list": Noun(pt="a lista", en="the list"),
    "manager": Noun(pt="o gerente", en="the manager"),
    "manifest": Noun(pt="o manifesto", en="the manifest"),
    "minimumQuantity": Noun(pt="a quantidade mínima", en="the minimum quantity"),
    "mode": Noun(pt="o modo", en="the mode"),
    "name": Noun(pt="o nome", en="the name"),
    "newPassword": Noun(pt="a nova senha", en="the new password"),
    "note": Noun(pt="a observação", en="the note"),
    "orderId": Noun(pt="o pedido", en="the order"),
    "orderType": Noun(pt="o tipo de pedido", en="the order type"),
    "orders": Noun(pt="os pedidos", en="the orders"),
    "partnerId": Noun(pt="o parceiro", en="the partner"),
    "password": Noun(pt="a senha", en="the password"),
    "permissions": Noun(pt="a permissão", en="the permission"),
    "phone": Noun(pt="o telefone", en="the phone number"),
    "pointsPerSecond": Noun(pt="o limite de uso da API", en="the limit of the API's use"),
    "preselectedId": Noun(pt="a pauta de preços pré-selecionada", en="the preselected price table"),
    "priceTableId": Noun(pt="a pauta de preços", en="the price table"),
    "priceTableIds": Noun(pt="a pauta de preços", en="the price table"),
    "priceTableName": Noun(pt="o nome da pauta de preços", en="the name of the price table"),
    "prices": Noun(pt="o preço", en="the price"),
    "productId": Noun(pt="o produto", en="the product"),
    "quantity": Noun(pt="a quantidade", en="the quantity"),
    "reason": Noun(pt="o motivo", en="the reason"),
    "replacesVersion": Noun(pt="a versão a substituir", en="the version to replace"),
    "role": Noun(pt="o perfil", en="the role"),
    "secondFactorRequired": Noun(pt="a exigência de verificação em duas etapas", en="the two-step verification rule"),
    "secret": Noun(pt="o código do link", en="the code of the link"),
    "selection": Noun(pt="a seleção de campos", en="the selection of fields"),
    "sort": Noun(pt="a ordem", en="the order"),
    "state": Noun(pt="a UF", en="the state"),
    "stockWarningBelow": Noun(pt="o limite do aviso de estoque", en="the limit of the stock warning"),
    "tiers": Noun(pt="a faixa de preço", en="the price tier"),
    "toClientId": Noun(pt="o cliente de destino", en="the new client"),
    "tradeName": Noun(pt="o nome fantasia", en="the trade name"),
    "type": Noun(pt="o tipo de pedido", en="the order type"),
    "unitMonthlyPrice": Noun(pt="o valor unitário mensal", en="the monthly unit price"),
    "unitSetupFee": Noun(pt="o valor unitário da adesão", en="the unit setup fee"),
    "url": Noun(pt="o endereço", en="the address"),
    "userId": Noun(pt="o usuário", en="the user"),
    "warningBelow": Noun(pt="o limite do aviso de estoque", en="the limit of the stock warning"),
    "webhookDeliveryId": Noun(pt="o envio", en="the delivery"),
    "webhookId": Noun(pt="o webhook", en="the webhook"),
}
"""Name of each field of an input, with its article."""


class Entries(NamedTuple):
    """Words for the entries of a list: one with its number, and several."""

    one: Text
    several: Text


ENTRIES: Mapping[str, Entries] = {
    "activationIds": Entries(Text(pt="ativação", en="activation"), Text(pt="ativações", en="activations")),
    "apiTokenNetworks": Entries(Text(pt="rede", en="network"), Text(pt="redes", en="networks")),
    "columns": Entries(Text(pt="coluna", en="column"), Text(pt="colunas", en="columns")),
    "contacts": Entries(Text(pt="contato", en="contact"), Text(pt="contatos", en="contacts")),
    "ids": Entries(Text(pt="documento", en="document"), Text(pt="documentos", en="documents")),
    "items": Entries(Text(pt="item", en="item"), Text(pt="itens", en="items")),
    "permissions": Entries(Text(pt="permissão", en="permission"), Text(pt="permissões", en="permissions")),
    "priceTableIds": Entries(Text(pt="pauta", en="price table"), Text(pt="pautas de preços", en="price tables")),
    "prices": Entries(Text(pt="preço", en="price"), Text(pt="preços", en="prices")),
    "tiers": Entries(Text(pt="faixa", en="tier"), Text(pt="faixas de preço", en="price tiers")),
}
"""Words for the entries of each list of an input."""


def of(path: tuple[str, ...]) -> Noun:
    """Return the noun of the field that a path ends at; its name in quotes if it is an option of a command."""
    name = next((each for each in reversed(path) if not each.isdecimal()), "")
    return FIELDS.get(name) or Noun(pt=f"“{name}”", en=f"“{name}”")


def entries(path: tuple[str, ...]) -> Text:
    """Return the word for several entries of the list that a path ends at."""
    return ENTRIES[path[-1]].several


def place(path: tuple[str, ...], language: Language) -> str:
    """Return the entry that a path is within, such as “Item 1” or “Preço 1, faixa 2”; empty outside of lists."""
    found = ", ".join(_places(path, language))
    return found[:1].upper() + found[1:]


def _places(path: tuple[str, ...], language: Language) -> Iterator[str]:
    for name, index in pairwise(path):
        if index.isdecimal() and name in ENTRIES:
            yield f"{ENTRIES[name].one.within(language)} {int(index) + 1}"
