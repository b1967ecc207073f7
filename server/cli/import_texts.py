"""Sentences of imports about the whole file."""

from domain.languages import Text

CLIENTS = Text(
    pt="{imported:importado|importados}, {there:já cadastrado|já cadastrados}, {bad} com erro.",
    en="{imported} imported, {there} registered already, {bad} bad.",
)
CLIENTS_TRIED = Text(
    pt="{imported} a importar, {there:já cadastrado|já cadastrados}, {bad} com erro.",
    en="{imported} to import, {there} registered already, {bad} bad.",
)
CLIENTS_BEFORE = Text(
    pt="{count:cliente já importado|clientes já importados}. Importe o arquivo de novo para continuar.",
    en="{count:client was|clients were} imported before. Import the file again to go on.",
)
PRODUCTS = Text(
    pt="{created:criado|criados}, {updated:alterado|alterados}, {unchanged} sem mudança, {bad} com erro.",
    en="{created} created, {updated} updated, {unchanged} unchanged, {bad} bad.",
)
PRODUCTS_TRIED = Text(
    pt="{created} a criar, {updated} a alterar, {unchanged} sem mudança, {bad} com erro.",
    en="{created} to create, {updated} to update, {unchanged} unchanged, {bad} bad.",
)
PRODUCTS_BEFORE = Text(
    pt="{count:produto já importado|produtos já importados}. Importe o arquivo de novo para continuar.",
    en="{count:product was|products were} imported before. Import the file again to go on.",
)
PRICES_BAD = Text(
    pt="{bad:linha|linhas} com erro. Nada foi alterado.", en="{bad:bad row|bad rows}. Nothing was changed."
)
PRICES_TO_DRAFT = Text(
    pt="{tiers:faixa|faixas} de preço a importar para {table}. Nada foi alterado.",
    en="{tiers:tier|tiers} to import to {table}. Nothing was changed.",
)
PRICES_TO_PUBLISH = Text(
    pt="{tiers:faixa|faixas} de preço a publicar em {table}. Nada foi alterado.",
    en="{tiers:tier|tiers} to publish in {table}. Nothing was changed.",
)
PRICES_DRAFTED = Text(
    pt="{tiers:faixa|faixas} de preço no rascunho de {table}.", en="{tiers:tier|tiers} drafted in {table}."
)
PRICES_PUBLISHED = Text(
    pt="{tiers:faixa de preço publicada|faixas de preço publicadas} em {table}.",
    en="{tiers:tier|tiers} published in {table}.",
)
SHARED = Text(
    pt="{count:parceiro compra|parceiros compram} pela pauta “{table}”, e os preços valem para todos eles.",
    en="{count:partner buys|partners buy} by the price table “{table}”, and the prices are those of all of them.",
)
OTHER = Text(
    pt="{product} ({type}) também recebe novos preços, que estavam no rascunho.",
    en="{product} ({type}) has new prices from the draft too.",
)
HOLE = Text(
    pt=(
        "{product} ({type}) não tem preço para quantidades abaixo de {quantity}; sem ele, o rascunho não pode ser "
        "publicado."
    ),
    en="{product} ({type}) has no price for quantities below {quantity}; the draft can't be published without it.",
)
DEARER = Text(
    pt="{product} ({type}) fica mais caro a partir de {quantity:unidade|unidades}.",
    en="{product} ({type}) is dearer from {quantity} on.",
)
UNDONE = Text(
    pt=(
        "{product} ({type}) tem outro preço a partir de {quantity:unidade|unidades} em uma versão posterior já "
        "publicada, que encerra a vigência desta."
    ),
    en=(
        "{product} ({type}) has another price from {quantity} on in a later version that is published already, which "
        "ends this one."
    ),
)
